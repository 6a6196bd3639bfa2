using System.Collections.Immutable;
using Caur.Contracts.Packages;
using Caur.Contracts.Sources;

namespace Caur.Grains.Packages;

/// <summary>What is durable of one package: the builds that ended last, and what runs decided of it. Bounded.</summary>
public sealed record BuildHistory
{
    /// <summary>So many are remembered.</summary>
    public const int Kept = 20;

    /// <summary>The newest last. A build that an estimate is made of stays longer than others: a package that is asked for every hour and
    /// is mostly in the repository already would forget within a day how long it takes.</summary>
    public ImmutableArray<FinishedBuild> Newest { get; init; } = [];

    /// <summary>So many decisions are remembered.</summary>
    public const int KeptDecisions = 5;

    /// <summary>What runs decided, the newest last.</summary>
    public ImmutableArray<DecidedPackage> Decisions { get; init; } = [];

    /// <summary>By the start of the last attempt, and by name where that is the same.</summary>
    internal static Comparer<FinishedBuild> Order { get; } = Comparer<FinishedBuild>.Create(static (a, b) =>
        a.Started.CompareTo(b.Started) is not 0 and var order ? order : string.CompareOrdinal(a.Build.ToString(), b.Build.ToString()));

    /// <summary>Remembers a build. Nothing changes when it is known, or older than all that are kept.</summary>
    internal BuildHistory With(FinishedBuild build)
    {
        if (Newest.Any(known => known.Build == build.Build))
        {
            return this;
        }

        var all = Newest.Add(build).Sort(Order);
        if (all.Length <= Kept)
        {
            return this with { Newest = all };
        }

        var goes = Superfluous(all);
        return ReferenceEquals(goes, build) ? this : this with { Newest = all.Remove(goes) };
    }

    /// <summary>Remembers a decision; the same run again replaces its own.</summary>
    internal BuildHistory With(DecidedPackage decision)
    {
        var before = Decisions.Where(one => one.Run != decision.Run).ToList();
        if (before.Count > 0 && IsTheSame(before[^1], decision))
        {
            before.RemoveAt(before.Count - 1);
        }

        return this with { Decisions = [.. before.Append(decision).TakeLast(KeptDecisions)] };
    }

    /// <summary>Whether a decision says no more than the one before: every half hour there is one, and those that did something are to be
    /// remembered.</summary>
    private static bool IsTheSame(DecidedPackage before, DecidedPackage now) =>
        before.Kind == now.Kind && before.Pipeline == now.Pipeline && before.Problem == now.Problem
        && (now.Kind == RunDecisionKind.None || (now.Kind is RunDecisionKind.Skipped or RunDecisionKind.Review && before.Reasons.SequenceEqual(now.Reasons)));

    /// <summary>The oldest that no estimate is made of. The newest is kept in any case: people ask how the last one ended.</summary>
    private static FinishedBuild Superfluous(ImmutableArray<FinishedBuild> all)
    {
        var asked = all.GroupBy(build => build.Build.Arch, StringComparer.Ordinal).SelectMany(DurationEstimate.Newest).ToHashSet();
        return all.Take(all.Length - 1).FirstOrDefault(build => !asked.Contains(build)) ?? all[0];
    }
}
