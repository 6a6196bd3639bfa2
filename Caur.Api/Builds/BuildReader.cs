using Caur.Api.Queue;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Storage.State;
using Orleans;

namespace Caur.Api.Builds;

/// <summary>Puts together what queue and build know of one build.</summary>
internal sealed class BuildReader(IGrainFactory grains, QueueReader queues, TimeProvider clock)
{
    /// <summary>The build; null when nobody knows it.</summary>
    public async Task<BuildReply?> FindAsync(BuildId id)
    {
        if (!queues.Architectures.Contains(id.Arch))
        {
            return null;
        }

        // The queue first: a build that becomes final between the two questions is then found by the second.
        var item = await queues.Queue(id.Arch).FindAsync(id);
        BuildView? view;
        try
        {
            view = await grains.GetGrain<IBuildGrain>(id.ToString()).GetAsync();
        }
        catch (Exception error) when (StateDamage.Find(error) is { } damage)
        {
            return Damaged(id, damage);
        }

        if (item is null && view is null)
        {
            return null;
        }

        var state = view is { State: not BuildState.Waiting } ? view.State : item?.State ?? BuildState.Waiting;
        return new BuildReply
        {
            Build = id,
            State = state,
            Final = state.IsFinal(),
            Reason = view is { State: not BuildState.Waiting } ? view.Reason : item?.Explanation ?? view?.Reason ?? "",
            Wait = item?.Wait ?? WaitReason.None,
            Start = state == BuildState.Waiting ? await StartAsync(id) : null,
            View = view,
        };
    }

    private async Task<StartBody?> StartAsync(BuildId id) =>
        (await queues.Queue(id.Arch).GetStartsAsync()).FirstOrDefault(start => start.Build == id) is { } start
            ? StartBody.Of(start, clock.GetUtcNow())
            : null;

    /// <summary>A build whose record cannot be read: the queue ends it as this too.</summary>
    private static BuildReply Damaged(BuildId id, string damage) => new()
    {
        Build = id,
        State = BuildState.SystemError,
        Final = true,
        Reason = $"the record of {id} cannot be read: {damage}",
    };
}
