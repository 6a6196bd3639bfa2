using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Caur.Pipelines.Rebuilds;

/// <summary>What a rebuild plan is wanted for.</summary>
internal sealed record RebuildRequest
{
    /// <summary>Packages of the repository, by pkgbase or pkgname, and libraries: any other name that packages of it depend on or have as a
    /// rebuild trigger, a soname (<c>libfoo.so</c>) too.</summary>
    public required ImmutableArray<string> Names { get; init; }

    /// <summary>So many steps from what is named its dependants are followed. 0: the packages named, and nothing for a library; 1: what depends on
    /// them; and so on. Null: 0 for packages of the repository and 1 for libraries.</summary>
    public int? Depth { get; init; }
}

/// <summary>What would be rebuilt, in which order and why. It can be shown as JSON as it is.</summary>
/// <param name="Builds">What is built, each before what depends on it; nothing stands twice.</param>
/// <param name="LeftOut">What might be expected and is not built, by name.</param>
/// <param name="Cycles">What depends on each other, and how that was broken.</param>
/// <param name="Unknown">Names that are nothing's, in the order in which they were given.</param>
internal sealed record RebuildPlan(
    ImmutableArray<PlannedRebuild> Builds,
    ImmutableArray<LeftOutRebuild> LeftOut,
    ImmutableArray<RebuildCycle> Cycles,
    ImmutableArray<string> Unknown);

/// <summary>One build of a plan.</summary>
/// <param name="Pkgbase">Of what.</param>
/// <param name="Reasons">Why; at least one.</param>
/// <param name="After">The builds of the plan that it waits for, by name.</param>
internal sealed record PlannedRebuild(string Pkgbase, ImmutableArray<RebuildReason> Reasons, ImmutableArray<string> After);

/// <summary>Why something is in a plan.</summary>
/// <param name="Kind">What kind of reason.</param>
/// <param name="Cause">The name that causes it: one that was asked for, or a pkgbase of the plan.</param>
/// <param name="Text">The reason, for people.</param>
internal sealed record RebuildReason(RebuildReasonKind Kind, string Cause, string Text);

/// <summary>The kinds of reasons. The names are part of what is shown.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RebuildReasonKind>))]
internal enum RebuildReasonKind
{
    /// <summary>Somebody named it.</summary>
    AskedFor,

    /// <summary>Its <c>CI_REBUILD_TRIGGERS</c> name the cause.</summary>
    Trigger,

    /// <summary>It needs the cause to run, to be built or to be tested.</summary>
    Dependency,
}

/// <summary>Something that is not built.</summary>
/// <param name="Pkgbase">What.</param>
/// <param name="Why">Why not, for people.</param>
internal sealed record LeftOutRebuild(string Pkgbase, string Why);

/// <summary>Builds of a plan that depend on each other in a circle.</summary>
/// <param name="Members">All of them, by name.</param>
/// <param name="Ignored">What is not waited for, so that the others can be in order.</param>
internal sealed record RebuildCycle(ImmutableArray<string> Members, ImmutableArray<IgnoredEdge> Ignored)
{
    /// <summary>The cycle in a sentence.</summary>
    public string Text =>
        $"{string.Join(", ", Members)} depend on each other: {string.Join("; ", Ignored.GroupBy(edge => edge.Pkgbase, edge => edge.Dependency).Select(edges => $"{edges.Key} does not wait for {string.Join(", ", edges)}"))}";
}

/// <summary>A dependency that an order does not follow.</summary>
/// <param name="Pkgbase">What depends.</param>
/// <param name="Dependency">On what.</param>
internal sealed record IgnoredEdge(string Pkgbase, string Dependency);
