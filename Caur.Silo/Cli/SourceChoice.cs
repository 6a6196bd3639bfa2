using System.CommandLine;

namespace Caur.Silo.Cli;

/// <summary>Which source repository a verb means.</summary>
internal static class SourceChoice
{
    public static readonly Option<string?> Source = new("--source-repo")
    {
        Description = "The source repository. Default: the farm's only one, else chaotic-aur.",
        HelpName = "ID",
    };

    /// <summary>The one named, or the one that is meant.</summary>
    /// <exception cref="FarmException">There are several.</exception>
    public static async Task<string> ReadAsync(FarmRun run, CancellationToken cancellationToken) =>
        run.Result.GetValue(Source)
        ?? ScheduleVerb.TheOnly((await run.Farm.FarmAsync(cancellationToken)).SourceRepositories, "source repository", "--source-repo", "PACKAGE_REPOS");
}
