using Caur.Contracts.Builds;
using Caur.Contracts.Events;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;

namespace Caur.Api.Events;

/// <summary>The data of a <c>build</c> event.</summary>
/// <param name="Time">When.</param>
/// <param name="Build">Which build.</param>
/// <param name="Pkgbase">Of which package folder.</param>
/// <param name="Target">For which repository.</param>
/// <param name="State">Where it is now.</param>
/// <param name="Final">Nothing changes any more.</param>
/// <param name="Builder">Who has it; null when nobody.</param>
/// <param name="Attempts">How many attempts there were, with the current one.</param>
/// <param name="Reason">For people; may be empty.</param>
public sealed record BuildEventBody(
    DateTimeOffset Time, BuildId Build, string Pkgbase, TargetId Target, BuildState State, bool Final, BuilderId? Builder, int Attempts, string Reason);

/// <summary>The data of a <c>publication</c> event.</summary>
/// <param name="Time">When.</param>
/// <param name="Target">Which repository.</param>
/// <param name="Generation">Its new generation.</param>
/// <param name="Builds">The builds published with it, 100 at most.</param>
/// <param name="Reason">remove, keep or rollback when it was no build that changed it.</param>
public sealed record PublicationEventBody(DateTimeOffset Time, TargetId Target, long Generation, IReadOnlyList<BuildId> Builds, string Reason);

/// <summary>The data of a <c>builder</c> event.</summary>
/// <param name="Time">When.</param>
/// <param name="Builder">Which builder.</param>
/// <param name="State">How it stands now.</param>
/// <param name="Slots">How many builds it runs at the same time.</param>
/// <param name="Reason">Why it cannot run builds; empty otherwise.</param>
public sealed record BuilderEventBody(DateTimeOffset Time, BuilderId Builder, BuilderPresence State, int Slots, string Reason);

/// <summary>The data of a <c>queue</c> event.</summary>
/// <param name="Time">When.</param>
/// <param name="Arch">Which queue.</param>
/// <param name="Paused">No build is handed out.</param>
public sealed record QueueEventBody(DateTimeOffset Time, string Arch, bool Paused);

/// <summary>The data of a <c>run</c> event.</summary>
/// <param name="Time">When.</param>
/// <param name="Source">Of which source repository.</param>
/// <param name="Number">Which run.</param>
/// <param name="Pipeline">Of which pipeline.</param>
/// <param name="State">How it stands.</param>
/// <param name="Step">The step that began or ended; null when the run did.</param>
/// <param name="StepState">How that step stands; null when the run began or ended.</param>
/// <param name="Reason">What came of it; empty before it ends.</param>
public sealed record RunEventBody(
    DateTimeOffset Time, string Source, long Number, string Pipeline, RunState State, string? Step, RunStepState? StepState, string Reason);
