using Caur.Contracts.Ids;

namespace Caur.Grains.Logs;

/// <summary>Whose output a log takes now. How much of it there is, the file says: its length less <see cref="Start"/>.</summary>
public sealed record LogState
{
    /// <summary>The attempt's number; 0 before the first.</summary>
    public int Attempt { get; init; }

    /// <summary>Who runs it.</summary>
    public BuilderId? Builder { get; init; }

    /// <summary>Where in the file the attempt's output starts.</summary>
    public long Start { get; init; }

    /// <summary>The attempt is over: nothing of it is taken any more.</summary>
    public bool Ended { get; init; }

    /// <summary>Where its output ends and the farm's own lines begin; null while it runs.</summary>
    public long? End { get; init; }
}
