using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary>Waits for builds. One question per round about the whole queue, and one about each build that left it.</summary>
internal sealed class BuildFollower(FarmClient farm, TimeProvider time)
{
    /// <summary>How long a hub may be away (a restart, an upgrade) before the waiting ends.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>A build that is neither in the queue nor known may be on its way from one to the other.</summary>
    private const int RoundsUnknown = 5;

    private readonly Dictionary<BuildId, int> _unknown = [];

    /// <summary>How often to ask. Default: depends on how many builds are waited for.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>Told when the hub goes away and comes back.</summary>
    public Action<string> Note { get; init; } = _ => { };

    /// <summary>Told after every round.</summary>
    public Action Stand { get; init; } = static () => { };

    /// <summary>Returns when every build is final or held, in the order of <paramref name="builds"/>.</summary>
    /// <param name="builds">Which.</param>
    /// <param name="changed">Told of every change, and of how each build is at first.</param>
    /// <param name="cancellationToken">Ends the waiting, not the builds.</param>
    /// <exception cref="FarmException">The hub refuses, or is away for too long.</exception>
    public async Task<IReadOnlyList<BuildProgress>> FollowAsync(
        IReadOnlyList<BuildId> builds, Action<BuildProgress> changed, CancellationToken cancellationToken)
    {
        var known = new Dictionary<BuildId, BuildProgress>();
        var every = Every ?? TimeSpan.FromMilliseconds(builds.Count switch { < 50 => 300, < 1000 => 1000, _ => 3000 });
        long? away = null;
        while (true)
        {
            try
            {
                await RoundAsync([.. builds.Where(build => !known.TryGetValue(build, out var status) || !status.IsFinal)], known, changed, cancellationToken);
                if (away is not null)
                {
                    Note("The farm answers again.");
                    away = null;
                }
            }
            catch (FarmException error) when (error.IsTransient && known.Count > 0)
            {
                if (away is null)
                {
                    Note($"The farm does not answer: {error.Message.Split('\n')[0]}. Waiting for it.");
                }

                away ??= time.GetTimestamp();
                if (time.GetElapsedTime(away.Value) > Patience)
                {
                    throw new FarmException(error.ExitCode, $"{error.Message}\n      The builds go on without anybody waiting; 'caur queue' shows how they stand.", error);
                }
            }

            if (away is null && builds.All(build => known[build].IsSettled))
            {
                return [.. builds.Select(build => known[build])];
            }

            Stand();
            await Task.Delay(every, time, cancellationToken);
        }
    }

    private async Task RoundAsync(
        List<BuildId> open, Dictionary<BuildId, BuildProgress> known, Action<BuildProgress> changed, CancellationToken cancellationToken)
    {
        if (open.Count == 0)
        {
            return;
        }

        // The queue first: a build that becomes final between the two questions is then found by the second.
        var queued = (await farm.QueueAsync(cancellationToken))
            .SelectMany(queue => queue.Items)
            .ToDictionary(item => item.Build);
        foreach (var build in open)
        {
            var status = queued.TryGetValue(build, out var item) ? BuildProgress.Of(item) : await AskAsync(build, known, cancellationToken);
            if (status is not null && (!known.TryGetValue(build, out var before) || status != before))
            {
                known[build] = status;
                changed(status);
            }
        }
    }

    private async Task<BuildProgress?> AskAsync(BuildId build, Dictionary<BuildId, BuildProgress> known, CancellationToken cancellationToken)
    {
        if (await farm.BuildAsync(build, cancellationToken) is { } reply)
        {
            return BuildProgress.Of(reply);
        }

        var rounds = _unknown[build] = _unknown.GetValueOrDefault(build) + 1;
        return rounds >= RoundsUnknown ? BuildProgress.Unknown(build)
            : known.ContainsKey(build) ? null
            : BuildProgress.Unknown(build) with { State = Contracts.Builds.BuildState.Waiting, Reason = "the farm is asked for it" };
    }
}
