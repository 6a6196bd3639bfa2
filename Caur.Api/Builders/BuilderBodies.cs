using Caur.Contracts.Builds;
using Caur.Contracts.Events;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Api.Builders;

/// <summary>One of <c>GET /api/v1/builders</c>.</summary>
public sealed record BuilderBody
{
    /// <summary>Who.</summary>
    public required BuilderId Builder { get; init; }

    /// <summary>How it stands. One that said goodbye is not listed.</summary>
    public required BuilderPresence State { get; init; }

    /// <summary>Takes no more builds, because somebody wished it.</summary>
    public bool Draining { get; init; }

    /// <summary>Why it cannot run builds, for people; empty when it can.</summary>
    public string Problem { get; init; } = "";

    /// <summary>A number or a name.</summary>
    public required string Class { get; init; }

    /// <summary>The architectures that it builds for.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = [];

    /// <summary>Free words that a build may ask for.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>How many builds it runs at the same time.</summary>
    public required int Slots { get; init; }

    /// <summary>How many it has.</summary>
    public required int Busy { get; init; }

    /// <summary>What one build may have of its memory, in MiB; 0 when it does not say.</summary>
    public int MemoryMib { get; init; }

    /// <summary>What is free on its disk for builds, in MiB; 0 when it does not say.</summary>
    public int DiskMib { get; init; }

    /// <summary>What it has.</summary>
    public IReadOnlyList<RunningBuild> Running { get; init; } = [];

    internal static BuilderBody Of(QueueBuilder builder, int busy, IEnumerable<QueueItem> running)
    {
        var profile = builder.Profile;
        return new BuilderBody
        {
            Builder = profile.Builder,
            State = builder.Lost ? BuilderPresence.Lost
                : profile.Draining ? BuilderPresence.Draining
                : profile.Problem.Length > 0 ? BuilderPresence.Unfit
                : BuilderPresence.Ready,
            Draining = profile.Draining,
            Problem = profile.Problem,
            Class = profile.Class,
            Architectures = profile.Architectures,
            Labels = profile.Labels,
            Slots = profile.Slots,
            Busy = busy,
            MemoryMib = profile.MemoryMiB,
            DiskMib = profile.DiskMiB,
            Running = [.. running.OrderBy(item => item.Build.Timestamp).Select(item => new RunningBuild(item.Build, item.State, item.Attempts))],
        };
    }
}

/// <summary>A build that a builder has.</summary>
/// <param name="Build">Which.</param>
/// <param name="State">Assigned, Running or Uploading.</param>
/// <param name="Attempt">The attempt's number, from 1.</param>
public sealed record RunningBuild(BuildId Build, BuildState State, int Attempt);
