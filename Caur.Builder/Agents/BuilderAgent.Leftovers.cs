using Caur.Builder.Attempts;
using Caur.Builder.Containers;
using Caur.Builder.Engines;
using Caur.Builder.Timing;
using Caur.Builder.Workspaces;
using Caur.Protocol.Builders;

namespace Caur.Builder.Agents;

internal sealed partial class BuilderAgent
{
    /// <summary>Waits for the engine, and finds what an earlier process in this folder left that can be gone on with.</summary>
    private async Task<Dictionary<AttemptRef, AdoptedAttempt>> FindCandidatesAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(_time);
        while (true)
        {
            try
            {
                var version = await _engine.VersionAsync(cancellationToken);
                LogEngineFound(_logger, version.IsPodman ? "podman" : "docker", version.Version);
                Dictionary<AttemptRef, AdoptedAttempt> candidates = [];
                foreach (var container in await OwnContainersAsync(workspace, cancellationToken))
                {
                    if (await CandidateAsync(workspace, container, cancellationToken) is { } candidate)
                    {
                        candidates[candidate.Record.Order.Attempt] = candidate;
                    }
                }

                return candidates;
            }
            catch (EngineException error)
            {
                LogNoEngine(_logger, error.Message);
            }

            await backoff.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Joins, goes on with what is still wanted and removes the rest.</summary>
    private async Task StartOverAsync(
        AttemptServices services, Dictionary<AttemptRef, AdoptedAttempt> candidates, CancellationToken cancellationToken)
    {
        var reply = await HelloAsync(() => [.. candidates.Keys], RefusedAsync, services.Workspace, cancellationToken);
        foreach (var (attempt, candidate) in candidates.Where(c => reply.Current.Contains(c.Key)))
        {
            Start(services, candidate.Record.Order, candidate);
        }

        await RemoveLeftoversAsync(services.Workspace, cancellationToken);

        Task RefusedAsync()
        {
            candidates.Clear();
            return RemoveLeftoversAsync(services.Workspace, cancellationToken);
        }
    }

    private async Task<IReadOnlyList<ContainerSummary>> OwnContainersAsync(Workspace workspace, CancellationToken cancellationToken) =>
        await _engine.ListAsync([$"{ContainerLabels.Instance}={workspace.Instance}"], cancellationToken);

    /// <summary>A container that was started and whose order is known can be gone on with, also when it has ended meanwhile.</summary>
    private async Task<AdoptedAttempt?> CandidateAsync(Workspace workspace, ContainerSummary container, CancellationToken cancellationToken)
    {
        if (ContainerLabels.AttemptOf(container.Labels) is not { } attempt
            || await workspace.Folder(attempt).LoadAsync(cancellationToken) is not { } kept
            || kept.Record.Order.Attempt != attempt
            || OrderCheck.Problem(kept.Record.Order) is not null
            || await _engine.InspectAsync(container.Id, cancellationToken) is not { State.Status: "running" or "exited" or "paused" })
        {
            return null;
        }

        return new(kept.Record, kept.Preamble, container.Id);
    }

    /// <summary>Removes containers and folders of this workspace that no running attempt has.</summary>
    private async Task RemoveLeftoversAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var container in await OwnContainersAsync(workspace, cancellationToken))
            {
                // Asked anew for each: an attempt may have begun meanwhile, and holds its place before it has a container.
                var attempt = ContainerLabels.AttemptOf(container.Labels);
                if (attempt is { } known && _leases.Find(known) is not null)
                {
                    continue;
                }

                LogStray(_logger, container.Id[..12], attempt);
                await _engine.RemoveAsync(container.Id, cancellationToken);
                _instruments.OnStrayRemoved();
            }

            var folders = workspace.Folders();
            var used = _leases.Held.Select(attempt => workspace.Folder(attempt).Path).ToHashSet(StringComparer.Ordinal);
            foreach (var folder in folders.Where(f => !used.Contains(f.Path)))
            {
                folder.Delete();
            }

            workspace.RemoveSourcesUnusedSince(_time.GetUtcNow() - _options.Attempts.KeepSources);
        }
        catch (Exception error) when (error is EngineException or IOException or UnauthorizedAccessException)
        {
            LogNotSwept(_logger, error.Message);
        }
    }

    private async Task SweepAsync(AttemptServices services, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(SweepEvery, _time, cancellationToken);
            await RemoveLeftoversAsync(services.Workspace, cancellationToken);
        }
    }
}
