namespace Caur.Pipelines.Reviews;

/// <summary>How much a finding matters to whoever reviews.</summary>
internal enum RiskLevel
{
    /// <summary>Good to know.</summary>
    Note,

    /// <summary>Worth a look.</summary>
    Look,

    /// <summary>What attacks on packages have used.</summary>
    Alarm,
}

/// <summary>One thing that a change of a package folder does.</summary>
/// <param name="Level">How much it matters.</param>
/// <param name="What">In our own words, without any of the package's.</param>
/// <param name="Words">The package's words that it is about, from outside: never to be shown as they are; null when there are none.</param>
/// <param name="Path">The file, from outside too; null for the folder as a whole.</param>
/// <param name="Line">The line in the new file.</param>
internal sealed record RiskFinding(RiskLevel Level, string What, string? Words = null, string? Path = null, int? Line = null);
