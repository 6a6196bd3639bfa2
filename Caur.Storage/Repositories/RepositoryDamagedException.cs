namespace Caur.Storage.Repositories;

/// <summary>A generation of a repository is missing or cannot be read.</summary>
/// <param name="generation">Its number.</param>
/// <param name="why">What is wrong.</param>
/// <param name="inner">What led to it.</param>
public sealed class RepositoryDamagedException(int generation, string why, Exception? inner = null)
    : Exception($"generation {generation} cannot be read: {why}", inner)
{
    /// <summary>Its number.</summary>
    public int Generation { get; } = generation;
}
