using System.Collections.Immutable;
using System.Globalization;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Runs;
using Caur.Pipelines.State;
using Message = Caur.Pipelines.Commits.CommitMessage;

namespace Caur.Pipelines.Schedules;

/// <summary>Hands over what an earlier run did not, or perhaps did not, as far as it is still to be built. What is not is told by name: no other run
/// will think of it.</summary>
/// <param name="repository">The clone.</param>
/// <param name="place">Where the branch is.</param>
/// <param name="recorder">For notes.</param>
internal sealed class EarlierOrder(PushRepository repository, SourcePlace place, RunRecorder recorder)
{
    /// <summary>Whether the farm took something of it.</summary>
    public bool HandedOver { get; private set; }

    /// <summary>Whether the farm did not take all of it, which only people can mend.</summary>
    public bool LeftUndone { get; private set; }

    /// <summary>Does it once.</summary>
    /// <param name="pending">The order.</param>
    /// <param name="handOverAsync">Hands an order over, and tells package, architecture and reason of what is refused.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="FarmUnavailableException">The farm did not answer: the order has to stay. One that it refuses has not.</exception>
    public async Task FinishAsync(
        PendingOrder pending, Func<PendingOrder, Action<string, string, string>, Task> handOverAsync, CancellationToken cancellationToken)
    {
        var at = Message.ShortOf(pending.Commit);
        var changed = await ChangedAsync(pending, cancellationToken);
        if (changed.Count > 0)
        {
            recorder.Note($"not handed over of an earlier run at {at}, because {place.Branch} has changed or removed them since: {string.Join(", ", changed.Order(StringComparer.Ordinal))}");
        }

        // Without any change it is the same order as before to the letter, which the farm knows again.
        var order = changed.Count == 0 ? pending : pending with { Packages = [.. pending.Packages.Where(one => !changed.Contains(one.Pkgbase))] };
        if (order.Packages.IsEmpty)
        {
            return;
        }

        var refused = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            await handOverAsync(order, (package, arch, why) =>
            {
                refused.Add(package);
                recorder.Note($"{package} of an earlier run is not built for {arch}: {why}. Order it with caur ci schedule {package}");
            });
        }
        catch (FarmUnavailableException no) when (no.IsRefusal)
        {
            // The same again is refused again, and would stand in the way of every run to come.
            foreach (var package in order.Packages.Select(one => one.Pkgbase).Where(refused.Add))
            {
                recorder.Note($"{package} of an earlier run was not taken: {no.InnerException?.Message ?? no.Message}. Order it with caur ci schedule {package}");
            }
        }

        LeftUndone = refused.Count > 0;
        var done = order.Packages.Select(one => one.Pkgbase).Where(one => !refused.Contains(one)).ToList();
        if (done.Count > 0)
        {
            HandedOver = true;
            recorder.Note(string.Create(CultureInfo.InvariantCulture, $"{done.Count} packages of an earlier run at {at} were handed over: {string.Join(", ", done)}"));
        }
    }

    /// <summary>The packages whose folders are others by now, or gone: what becomes of these is the on-commit pipeline's, which may have ordered a newer
    /// build already.</summary>
    private async Task<IReadOnlySet<string>> ChangedAsync(PendingOrder pending, CancellationToken cancellationToken)
    {
        if (pending.Commit == place.Head)
        {
            return ImmutableHashSet<string>.Empty;
        }

        // A clone may be cut off. Of a commit that nobody has any more, only what is gone can be told.
        var known = await repository.HasAsync(pending.Commit, cancellationToken)
            || (await repository.DeepenAsync($"refs/heads/{place.Branch}", cancellationToken) && await repository.HasAsync(pending.Commit, cancellationToken));
        var now = await repository.FoldersAsync(place.Head, cancellationToken);
        var then = known ? await repository.FoldersAsync(pending.Commit, cancellationToken) : now;
        return pending.Packages.Select(one => one.Pkgbase).Where(one => !now.TryGetValue(one, out var tree) || then.GetValueOrDefault(one) != tree)
            .ToHashSet(StringComparer.Ordinal);
    }
}
