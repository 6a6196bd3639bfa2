using Caur.Api.Builders;
using Caur.Api.Builds;
using Caur.Api.Packages;
using Caur.Api.Paging;
using Caur.Api.Queue;
using Caur.Contracts.Builds;
using Caur.Contracts.Queue;

namespace Caur.Tests.Cli;

/// <summary>A queue in the shapes of the gateway.</summary>
internal static class QueueAnswers
{
    public static QueuePage Page(IReadOnlyList<QueueSnapshot> queues) => new()
    {
        Items =
        [
            .. queues.SelectMany(queue => queue.Items).Select(item => new QueuedBuildBody
            {
                Build = item.Build,
                Request = item.Request,
                State = item.State,
                Wait = item.Wait,
                Explanation = item.Explanation,
                Builder = item.Builder,
                Attempts = item.Attempts,
            }),
        ],
        Queues =
        [
            .. queues.Select(queue => new QueueCounts(queue.Arch, queue.Paused, queue.Items.Count(item => item.State == BuildState.Waiting), 0, 0)),
        ],
    };

    public static Page<BuilderBody> Builders(IReadOnlyList<QueueSnapshot> queues) => new()
    {
        Items = [.. queues.SelectMany(queue => queue.Builders).Select(builder => BuilderBody.Of(builder, builder.Busy, []))],
    };

    public static Page<BuildSummary> Builds(IReadOnlyList<QueueSnapshot> queues) => new()
    {
        Items = [.. queues.SelectMany(queue => queue.Items).Select(BuildCatalog.Of)],
    };

    /// <summary>The builds of a package.</summary>
    public static Page<BuildSummary> Builds(string package, IEnumerable<PackageBuild> builds) => new()
    {
        Items =
        [
            .. builds.Where(build => build.Build.Pkgbase == package).Select(build => new BuildSummary
            {
                Build = build.Build,
                Pkgbase = package,
                Target = build.Build.Target,
                Source = "caur",
                Commit = "1234567890abcdef1234567890abcdef12345678",
                State = build.Queued ? BuildState.Waiting : BuildState.Published,
                Final = !build.Queued,
                Reason = "",
                Queued = build.Build.QueuedAt,
            }),
        ],
    };

    public static Page<PackageSummary> Packages(IReadOnlyList<QueueSnapshot> queues) => new()
    {
        Items = [.. queues.SelectMany(queue => queue.Items).Select(item => new PackageSummary { Pkgbase = item.Build.Pkgbase })],
    };
}
