using System.Diagnostics.CodeAnalysis;

namespace Caur.Tests.Soak;

/// <summary>What one round of a scenario has to work with.</summary>
/// <param name="seed">Decides everything that the round decides at random; what the machine's timing decides differs between two runs of one seed.</param>
/// <param name="folder">An empty folder of the round's own. It is removed when the round has passed and stays when it failed.</param>
/// <param name="isShort">True in the tests: as much as shows that the scenario works, in seconds.</param>
/// <param name="counts">Where the round's counts are added.</param>
/// <param name="cancelled">When the run is called off.</param>
internal sealed class SoakRound(int seed, string folder, bool isShort, SoakCounts counts, CancellationToken cancelled)
{
    public int Seed => seed;

    /// <summary>For one thread at a time; concurrent parts of a round take each their own from <see cref="Fork"/>.</summary>
    [SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
    public Random Random { get; } = new(seed);

    public string Folder => folder;

    public bool IsShort => isShort;

    public CancellationToken Cancelled => cancelled;

    /// <summary>A random source for one concurrent part, decided by the seed.</summary>
    [SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
    public Random Fork() => new(Random.Next());

    /// <summary>Adds to a count that the summary shows: <c>kills</c>, <c>publications</c>, <c>bytes of log</c>.</summary>
    public void Count(string what, long number = 1) => counts.Add(what, number);
}
