using System.Collections.Concurrent;
using System.Globalization;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Storage.Logs;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Caur.Api.Logs;

/// <summary>Hears from the grains of logs that grow in another process, and tells this process' <see cref="LogTail"/>: one observer however many
/// read here. Where the grains run in this process nobody needs it.</summary>
public sealed partial class LogNews(IGrainFactory grains, BuildLogStore store, TimeProvider clock, ILogger<LogNews> logger) : IBuildLogFollower, IDisposable
{
    /// <summary>A log's grain that moves to another process forgets who follows: so long is nothing heard of it at most.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<LogKey, Listening> _listening = new();
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _end = new();
    private IBuildLogFollower? _reference;

    /// <summary>Listens to a log until what is returned is disposed of.</summary>
    internal IDisposable Listen(LogKey key)
    {
        lock (_gate)
        {
            var listening = _listening.GetOrAdd(key, static _ => new Listening());
            if (listening.Readers++ == 0)
            {
                listening.End = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
                _ = FollowAsync(key, listening.End.Token);
            }

            return new Leaving(() => Leave(key, listening));
        }
    }

    Task IBuildLogFollower.GrownAsync(BuildId build, LogPosition position)
    {
        store.Tail.Report(KeyOf(build), position.Length, position.Finished);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }

    private static LogKey KeyOf(BuildId build) => new(build.Pkgbase, build.Timestamp, build.Target.Name, build.Arch);

    private void Leave(LogKey key, Listening listening)
    {
        lock (_gate)
        {
            if (--listening.Readers == 0)
            {
                _listening.TryRemove(key, out _);
                listening.End!.Cancel();
                listening.End.Dispose();
            }
        }
    }

    private async Task FollowAsync(LogKey key, CancellationToken cancellationToken)
    {
        if (!BuildId.TryParse(
            string.Create(CultureInfo.InvariantCulture, $"{key.Target}/{key.Arch}/{key.Pkgbase}/{key.Timestamp}"), CultureInfo.InvariantCulture, out var build))
        {
            return;
        }

        var grain = grains.GetGrain<IBuildLogGrain>(build.ToString());
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await AskAsync(grain, key, cancellationToken);
                await Task.Delay(AskEvery, clock, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Nobody reads it here any more. That its grain is not told costs it a few calls, until it forgets by itself.
        }
    }

    private async Task AskAsync(IBuildLogGrain grain, LogKey key, CancellationToken cancellationToken)
    {
        try
        {
            IBuildLogFollower own;
            lock (_gate)
            {
                own = _reference ??= grains.CreateObjectReference<IBuildLogFollower>(this);
            }

            var position = await grain.FollowAsync(own).WaitAsync(cancellationToken);
            store.Tail.Report(key, position.Length, position.Finished);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogUnheard(logger, key, error.Message);
        }
    }

    private sealed class Listening
    {
        public int Readers { get; set; }

        public CancellationTokenSource? End { get; set; }
    }

    private sealed class Leaving(Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Nothing is heard of the log {Log} now: {Problem}")]
    private static partial void LogUnheard(ILogger logger, LogKey log, string problem);
}
