using System.Globalization;
using Caur.Api.Events;
using Caur.Api.Paging;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;

namespace Caur.Api.Builds;

/// <summary>Which builds are wanted. What it does not name is not looked at.</summary>
internal sealed record BuildListQuery
{
    public IReadOnlyList<BuildState> States { get; init; } = [];

    public string? Package { get; init; }

    /// <summary>A repository's name, or name and architecture.</summary>
    public string? Target { get; init; }

    /// <summary>A builder's name, or name and instance.</summary>
    public string? Builder { get; init; }

    public DateTimeOffset? Since { get; init; }

    public BuildId? After { get; init; }

    public int Limit { get; init; } = PageQuery.Default;

    /// <summary>True when an id does not tell whether a build is wanted.</summary>
    public bool LooksInside => States.Count > 0 || Builder is not null;

    /// <summary>Reads it.</summary>
    /// <returns>The query, or what is wrong, for people.</returns>
    public static (BuildListQuery? Query, string? Problem) Read(
        string? state, string? package, string? target, string? builder, string? since, string? after, int? limit)
    {
        var states = new List<BuildState>();
        foreach (var name in (state ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!BuildStateNames.TryParse(name, out var known))
            {
                return (null, BuildStateNames.Problem(name));
            }

            states.Add(known);
        }

        BuildId? cursor = null;
        if (after is { Length: > 0 })
        {
            if (!BuildId.TryParse(after, null, out var id))
            {
                return (null, $"after is '{BuildStateNames.Shown(after)}', and the next of the page before is wanted");
            }

            cursor = id;
        }

        if ((Problem(package, target, builder) ?? PageQuery.Problem(limit)) is { } problem)
        {
            return (null, problem);
        }

        DateTimeOffset? from = null;
        if (since is { Length: > 0 } && (from = Time(since)) is null)
        {
            return (null, $"since is '{BuildStateNames.Shown(since)}', and a time is wanted: as 2026-11-21T08:26:24Z, or milliseconds since 1970");
        }

        return (new BuildListQuery
        {
            States = states,
            Package = Given(package),
            Target = Given(target),
            Builder = Given(builder),
            Since = from,
            After = cursor,
            Limit = limit ?? PageQuery.Default,
        }, null);
    }

    /// <summary>Whether the id alone does not rule a build out.</summary>
    public bool MayBe(BuildId build) =>
        (Package is null || build.Pkgbase == Package)
        && (Target is null || build.Target.Name == Target || build.Target.ToString() == Target)
        && (Since is null || build.QueuedAt >= Since);

    /// <summary>Whether a build that is known is wanted.</summary>
    public bool Is(BuildSummary build) =>
        (States.Count == 0 || States.Contains(build.State))
        && (Builder is null || (build.Builder is { } builder && (builder.Name == Builder || builder.ToString() == Builder)));

    private static string? Problem(string? package, string? target, string? builder) =>
        Given(package) is { } name && !Names.IsValid(name) ? $"package is '{BuildStateNames.Shown(name)}', which is no name of a package folder"
        : Given(target) is { } repository && !Names.IsValid(repository) && !TargetId.TryParse(repository, null, out _)
            ? $"target is '{BuildStateNames.Shown(repository)}', and a repository is wanted: name or name/arch"
        : Given(builder) is { } host && !Names.IsValid(host) && !BuilderId.TryParse(host, null, out _)
            ? $"builder is '{BuildStateNames.Shown(host)}', and a builder is wanted: name or name/instance"
        : null;

    private static string? Given(string? text) => text is { Length: > 0 } ? text : null;

    private static DateTimeOffset? Time(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
            ? ms <= 253402300799999 ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
                ? time
                : null;
}
