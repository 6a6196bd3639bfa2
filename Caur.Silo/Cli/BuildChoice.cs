using System.CommandLine;
using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary>Which build a verb is about: its id, or the pkgbase where only one can be meant.</summary>
internal static class BuildChoice
{
    public static Argument<string> Any { get; } = new("build")
    {
        Description = "target/arch/pkgbase/timestamp, or the pkgbase: then the newest build, where that is only one.",
    };

    public static Argument<string> Queued { get; } = new("queued-build")
    {
        HelpName = "build",
        Description = "target/arch/pkgbase/timestamp, or the pkgbase, where only one build of it is queued or runs.",
    };

    /// <summary>Finds it.</summary>
    /// <exception cref="FarmException">There is none, which names the nearest; or several can be meant, which names them.</exception>
    public static async Task<BuildId> FindAsync(FarmRun run, Argument<string> argument, CancellationToken cancellationToken)
    {
        var text = run.Result.GetRequiredValue(argument);
        if (BuildId.TryParse(text, null, out var id))
        {
            return id;
        }

        if (!Names.IsValid(text))
        {
            throw new FarmException(ExitCodes.Usage, $"'{text}' is no build: target/arch/pkgbase/timestamp is wanted, or a pkgbase");
        }

        // The newest of each target repository and architecture; of those, one must be the only one.
        var builds = await run.Farm.BuildsOfAsync(text, cancellationToken);
        var newest = builds
            .Where(build => !build.Final || argument != Queued)
            .DistinctBy(build => build.Build.Package)
            .Select(build => build.Build)
            .ToList();
        return newest switch
        {
            [var one] => one,
            [] when builds.Count > 0 => throw new FarmException(
                ExitCodes.Failed, $"no build of '{text}' is queued or runs; the newest is {builds[0].Build}, which 'caur build show' shows"),
            [] => throw new FarmException(
                ExitCodes.Failed, $"there is no build of '{text}'{await PackageNames.NearestAsync(run.Farm, text, cancellationToken)}"),
            _ => throw new FarmException(
                ExitCodes.Usage, $"more than one build of '{text}' can be meant; name one:\n{string.Join('\n', newest.Select(build => $"      {build}"))}"),
        };
    }
}
