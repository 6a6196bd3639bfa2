using System.Collections.Immutable;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.State;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.Repositories;

/// <summary>Removals and rollbacks: each one publication of its own, in its place among those of builds.</summary>
internal sealed partial class TargetRepositoryGrain
{
    private readonly Dictionary<Guid, (int Slot, RepositoryChange Change)> _changes = [];
    private SlotStore<RepositoryChange> _changeSlots = null!;
    private VerificationView _verification = new();
    private IGrainTimer? _verifier;

    public async Task<RepositoryChangeView> ChangeAsync(RepositoryChange change)
    {
        if (changeHistory.State.Find(change.Operation) is null && !_changes.ContainsKey(change.Operation))
        {
            await ArriveAsync(() => AddAsync(change));
        }

        if (FindStranger(change) is { } stranger)
        {
            return stranger;
        }

        if (changeHistory.State.Find(change.Operation) is { } done)
        {
            return done;
        }

        if (change.Kind == RepositoryChangeKind.Accept)
        {
            // It may be what everything waits for.
            Unblock();
        }

        Wake();

        return await GetChangeAsync(change.Operation) ?? Pending(change);
    }

    public Task<RepositoryChangeView> PlanChangeAsync(RepositoryChange change) =>
        Task.Run(() => publisher.PlanChangeAsync(Id, WithRecord(change), CancellationToken.None));

    public Task<RepositoryChangeView?> GetChangeAsync(Guid operation) => Task.FromResult(
        changeHistory.State.Find(operation) ?? (_changes.TryGetValue(operation, out var known) ? Pending(known.Change) : null));

    public Task<ImmutableArray<RepositoryChangeView>> GetEndedChangesAsync() =>
        Task.FromResult<ImmutableArray<RepositoryChangeView>>([.. changeHistory.State.Newest.Select(static view => view with { Changes = [] })]);

    public Task<ImmutableArray<GenerationView>> GetGenerationsAsync() => Task.Run(() => publisher.GetGenerations(Id));

    public Task<PackagePage> GetPackagesAsync(string? after, int limit) =>
        Task.Run(() => publisher.GetPackagesAsync(Id, after, limit, CancellationToken.None));

    public Task<VerificationView> VerifyAsync()
    {
        if (!_verification.Running)
        {
            _verification = new VerificationView { Id = Guid.NewGuid(), Running = true };
            _verifier ??= this.RegisterGrainTimer(VerifyNowAsync, new GrainTimerCreationOptions
            {
                DueTime = Timeout.InfiniteTimeSpan,
                Period = Timeout.InfiniteTimeSpan,
                Interleave = true,
                KeepAlive = true,
            });
            _verifier.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }

        return Task.FromResult(_verification);
    }

    public Task<VerificationView> GetVerificationAsync() => Task.FromResult(_verification);

    /// <summary>The refusal of an order whose operation stands for another one; null when it does not.</summary>
    private RepositoryChangeView? FindStranger(RepositoryChange change)
    {
        var (kind, hash) = _changes.TryGetValue(change.Operation, out var waiting)
            ? (waiting.Change.Kind, OrderHash.Of(waiting.Change))
            : (changeHistory.State.Find(change.Operation)?.Kind ?? change.Kind, changeHistory.State.FindOrder(change.Operation));
        return kind == change.Kind && (hash is null || hash == OrderHash.Of(change)) ? null : new RepositoryChangeView
        {
            Operation = change.Operation,
            Kind = kind,
            State = RepositoryChangeState.Refused,
            Refusal = RepositoryChangeRefusal.OperationReused,
            Reason = $"operation {change.Operation} stands for another order in {Id} already",
        };
    }

    private static string PublicationOf(RepositoryChange change) => $"{change.Kind.ToString().ToLowerInvariant()}-{change.Operation:n}";

    private async Task LoadChangesAsync(IGrainStorage storage)
    {
        _changeSlots = new SlotStore<RepositoryChange>(storage, this.GetGrainId(), "change");
        foreach (var (slot, change) in await _changeSlots.LoadAsync(OnChangeDamaged))
        {
            _changes[change.Operation] = (slot, change);
            _sequence = Math.Max(_sequence, change.Sequence);
        }
    }

    private void OnChangeDamaged(DamagedRecord damage) => LogDamaged(
        logger,
        Id,
        damage.Record,
        damage.IsCursor ? "its records are counted anew" : "the change that it ordered has to be ordered again",
        damage.Error);

    private async Task AddAsync(RepositoryChange change)
    {
        change = change with { Sequence = ++_sequence };
        var slots = await _changeSlots.TakeAsync(1);
        if (_changes.ContainsKey(change.Operation))
        {
            _changeSlots.Return(slots);
            return;
        }

        var slot = slots.Dequeue();
        _changes[change.Operation] = (slot, change);
        try
        {
            await _changeSlots.WriteAsync(slot, change);
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }

    /// <summary>Carries out the change that the intent holds. However often it is interrupted, it is done once: the publisher wrote down
    /// what it decided, and the publication's name is the operation's.</summary>
    private async Task CarryOutAsync(string publication, RepositoryChange change, CancellationToken cancellationToken)
    {
        var view = await EndAsync(publication, change, cancellationToken);
        await WriteAsync(intent, new PublicationIntent());
        await SettleChangesAsync();
        await TellChangedAsync(view);
    }

    /// <summary>Nothing is published upon a repository that was set back, also no intent that is begun, before its files are restored or
    /// somebody accepts them. That needs no intent of its own: interrupted, it is found again among what waits.</summary>
    /// <exception cref="PublicationBlockedException">Nobody accepted it.</exception>
    private async Task AcceptSetBackAsync(string problem, CancellationToken cancellationToken)
    {
        var change = _changes.Values
            .Select(waiting => waiting.Change)
            .Where(waiting => waiting.Kind == RepositoryChangeKind.Accept && changeHistory.State.Find(waiting.Operation) is null)
            .MinBy(waiting => waiting.Sequence) ?? throw new PublicationBlockedException(problem);
        var view = await EndAsync(PublicationOf(change), change, cancellationToken);
        await SettleChangesAsync();
        await TellChangedAsync(view);
    }

    private async Task<RepositoryChangeView> EndAsync(string publication, RepositoryChange change, CancellationToken cancellationToken)
    {
        var view = await Task.Run(() => publisher.ChangeAsync(Id, publication, WithRecord(change), cancellationToken), cancellationToken);
        if (view.Operation != change.Operation || view.State is not (RepositoryChangeState.Done or RepositoryChangeState.Refused))
        {
            throw new InvalidOperationException($"the publisher said nothing final of {publication}");
        }

        instruments.OnChanged(view.Kind, view.State);
        await WriteAsync(changeHistory, changeHistory.State.With(view, OrderHash.Of(change)));
        return view;
    }

    /// <summary>What is accepted is told by the files and the record, when it is carried out.</summary>
    private RepositoryChange WithRecord(RepositoryChange change) =>
        change.Kind == RepositoryChangeKind.Accept ? change with { Generation = Published } : change;

    /// <summary>Clears the records of changes whose outcome is known. A crash in the middle of it leaves one that is cleared again.</summary>
    /// <returns>True when there were any.</returns>
    private async Task<bool> SettleChangesAsync()
    {
        var settled = false;
        foreach (var (slot, change) in _changes.Values.ToList())
        {
            if (changeHistory.State.Find(change.Operation) is not { } view)
            {
                continue;
            }

            // The record first: what memory has forgotten nobody clears any more, and a later activation would carry it out once more.
            await _changeSlots.ClearAsync(slot);
            _changes.Remove(change.Operation);
            settled = true;
            LogChanged(logger, Id, PublicationOf(change), view.State, view.Generation, view.Removed, view.Added, view.Changed, view.Reason);
        }

        return settled;
    }

    private async Task VerifyNowAsync(CancellationToken cancellationToken)
    {
        var id = _verification.Id;
        VerificationView found;
        try
        {
            found = await Task.Run(() => publisher.VerifyAsync(Id, cancellationToken), cancellationToken);
        }
        catch (Exception exception)
        {
            // Somebody waits for the end of it, whatever it is.
            found = new VerificationView { Failure = exception.Message };
        }

        if (found.Failure.Length == 0 && publisher.FindSetBack(Id, Published) is { } setBack)
        {
            found = found with { Failure = setBack };
        }

        _verification = found with { Id = id, Running = false, Ended = clock.GetUtcNow() };
        LogVerified(logger, Id, found.Generation, found.ProblemCount, found.Failure);
    }

    private RepositoryChangeView Pending(RepositoryChange change) => new()
    {
        Operation = change.Operation,
        Kind = change.Kind,
        State = RepositoryChangeState.Pending,
        Reason = _problem,
    };

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Target}: {Change} is {State} in generation {Generation}: {Removed} removed, {Added} came back, {Changed} changed {Reason}")]
    private static partial void LogChanged(
        ILogger logger, TargetId target, string change, RepositoryChangeState state, long? generation, int removed, int added, int changed, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Target}: generation {Generation} was verified, {Problems} problems {Failure}")]
    private static partial void LogVerified(ILogger logger, TargetId target, int generation, int problems, string failure);
}
