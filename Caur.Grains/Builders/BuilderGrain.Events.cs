using Caur.Contracts.Events;
using Caur.Grains.Events;
using Caur.Grains.Queue;

namespace Caur.Grains.Builders;

/// <summary>What a builder tells those who follow the farm.</summary>
internal sealed partial class BuilderGrain
{
    private BuilderPresence? _told;

    private EventSource Events => field ??= new EventSource(GrainFactory, $"builder {Id}");

    /// <summary>Tells how the builder stands when that is news.</summary>
    private Task TellPresenceAsync()
    {
        if (_profile is not { } profile)
        {
            return Task.CompletedTask;
        }

        var presence = _session is null ? BuilderPresence.Gone
            : profile.Lost || _time.Now - _seen > QueueState.BuilderSilence ? BuilderPresence.Lost
            : profile.Draining ? BuilderPresence.Draining
            : profile.Problem.Length > 0 ? BuilderPresence.Unfit
            : BuilderPresence.Ready;
        if (presence == _told)
        {
            return Task.CompletedTask;
        }

        _told = presence;
        return Events.TellAsync(new FarmEvent
        {
            Time = Now,
            Kind = FarmEventKind.Builder,
            Reason = profile.Problem,
            Builder = new BuilderChange(Id, presence, profile.Slots),
        });
    }
}
