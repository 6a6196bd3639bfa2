namespace Caur.Builder.Sources;

/// <summary>How source repositories are fetched.</summary>
public sealed class SourceOptions
{
    /// <summary>How long one fetch may take. Default: 15 minutes.</summary>
    public TimeSpan FetchTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How many commits of one source repository are kept; the rest is cleaned away when there are twice as many.
    /// Default: 20.</summary>
    public int KeepCommits { get; set; } = 20;

    /// <summary>What could not work, said as <c>Option must ...</c>.</summary>
    internal IEnumerable<string> Problems()
    {
        if (FetchTimeout <= TimeSpan.Zero)
        {
            yield return $"{nameof(SourceOptions)}.{nameof(FetchTimeout)} must be more than zero";
        }

        if (KeepCommits < 1)
        {
            yield return $"{nameof(SourceOptions)}.{nameof(KeepCommits)} must be at least 1";
        }
    }
}
