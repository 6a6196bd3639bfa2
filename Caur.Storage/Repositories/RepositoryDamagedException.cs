namespace Caur.Storage.Repositories;

/// <summary>A generation of a repository is missing or cannot be read, or the repository was set back.</summary>
public sealed class RepositoryDamagedException : Exception
{
    /// <summary>A generation is missing or cannot be read.</summary>
    /// <param name="generation">Its number.</param>
    /// <param name="why">What is wrong.</param>
    /// <param name="inner">What led to it.</param>
    public RepositoryDamagedException(int generation, string why, Exception? inner = null)
        : this(generation, inner, $"generation {generation} cannot be read: {why}")
    {
    }

    private RepositoryDamagedException(int generation, Exception? inner, string message)
        : base(message, inner) => Generation = generation;

    /// <summary>The number of the generation at fault.</summary>
    public int Generation { get; }

    /// <summary>The link to the current generation is gone, or leads to one that others have followed: a publication upon it would leave
    /// out what they have, and take their numbers.</summary>
    internal static RepositoryDamagedException SetBack(RepositoryLayout layout, int current, int newest) => new(
        newest,
        null,
        $"{layout.CurrentLink} {(current == 0 ? "names no generation" : $"names generation {current}")}, though generation {newest} was made: "
        + (Directory.Exists(layout.Generation(newest))
            ? $"'ln -sfn {newest} {layout.CurrentLink}' makes it current again"
            : $"bring {layout.Folder} back from its newest copy")
        + $"; to go on from {(current == 0 ? "nothing" : $"generation {current}")}, "
        + $"'caur repo accept --target-repo {layout.Target} --arch {Path.GetFileName(layout.Folder)}'");
}
