using Caur.Builder.Agents;
using Caur.Builder.Engines;
using Caur.Builder.Images;
using Caur.Builder.Leases;
using Caur.Builder.Sources;
using Caur.Builder.Workspaces;
using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

/// <summary>What every attempt of one agent shares.</summary>
internal sealed record AttemptServices
{
    public required IBuilderSession Session { get; init; }

    public required EngineClient Engine { get; init; }

    public required ImageStore Images { get; init; }

    public required SourceStore Sources { get; init; }

    public required Workspace Workspace { get; init; }

    public required BuilderFitness Fitness { get; init; }

    public required LeaseKeeper Leases { get; init; }

    public required BuilderOptions Options { get; init; }

    public required BuilderInstruments Instruments { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Set once the engine has refused them, so that not every container is made twice.</summary>
    public bool UlimitsRefused { get; set; }
}

/// <summary>An attempt of an earlier agent process whose container is still there.</summary>
internal sealed record AdoptedAttempt(AttemptRecord Record, byte[] Preamble, string ContainerId);
