using System.Collections.Immutable;
using System.Globalization;
using Caur.Pipelines.Runs;

namespace Caur.Pipelines.Hosting;

/// <summary>What is to be built, of which commit, and for what.</summary>
/// <param name="SourceRepository">The farm's name of the source repository.</param>
/// <param name="TargetRepository">The target repository.</param>
/// <param name="Architectures">For which architectures.</param>
/// <param name="Commit">The commit to build, in full.</param>
/// <param name="Pipeline">The id of the CI pipeline that asks; null for none.</param>
/// <param name="Packages">Which packages.</param>
internal sealed record HandedOver(
    string SourceRepository, string TargetRepository, ImmutableArray<string> Architectures, string Commit, string? Pipeline, ImmutableArray<WantedPackage> Packages);

/// <summary>Hands builds over to a farm, in orders that it takes, and writes down what becomes of them.</summary>
internal static class HandOver
{
    /// <summary>Hands over.</summary>
    /// <param name="farm">To whom.</param>
    /// <param name="wanted">What.</param>
    /// <param name="operation">Names an order for an architecture and some of the packages.</param>
    /// <param name="recorder">Writes ids of builds and refusals into the decisions to build.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="refused">Is told each package that the farm does not build, the architecture, and why; null for nobody.</param>
    /// <exception cref="FarmUnavailableException">Whether all was taken is not known. The same again queues nothing twice.</exception>
    public static async Task<StepResult> RunAsync(
        IFarm farm, HandedOver wanted, Func<string, IEnumerable<WantedPackage>, Guid> operation, RunRecorder recorder, CancellationToken cancellationToken, Action<string, string, string>? refused = null)
    {
        var queued = 0;
        foreach (var arch in wanted.Architectures)
        {
            foreach (var some in wanted.Packages.Chunk(ScheduleOrder.MaxPackages))
            {
                var outcome = await farm.ScheduleAsync(
                    new ScheduleOrder
                    {
                        Operation = operation(arch, some),
                        SourceRepository = wanted.SourceRepository,
                        TargetRepository = wanted.TargetRepository,
                        Arch = arch,
                        Commit = wanted.Commit,
                        Pipeline = wanted.Pipeline,
                        Packages = [.. some],
                    },
                    cancellationToken);
                queued += outcome.Builds.Count;
                Record(recorder, outcome, arch);
                foreach (var (package, why) in outcome.Refused.OrderBy(one => one.Key, StringComparer.Ordinal))
                {
                    refused?.Invoke(package, arch, why);
                }
            }
        }

        return StepResult.Done(string.Create(CultureInfo.InvariantCulture, $"{queued} queued"));
    }

    private static void Record(RunRecorder recorder, ScheduleOutcome outcome, string arch) => recorder.Update(run => run with
    {
        Notes = run.Notes.AddRange(outcome.Notes),
        Decisions =
        [
            .. run.Decisions.Select(one => one.Kind != DecisionKind.Build ? one
                : outcome.Builds.TryGetValue(one.Pkgbase, out var build) ? one with { Builds = one.Builds.Add(build) }
                : outcome.Refused.TryGetValue(one.Pkgbase, out var refused) ? one with { Problem = $"{arch}: {refused}" }
                : one),
        ],
    });
}
