using System.Collections.Concurrent;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Grains.Notifications;
using Caur.Tests.Soak;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Notifications;

/// <summary>Builds end in all ways while those who are told fail in all ways, storage fails, and the hub is killed. In the end everybody knows
/// how every build ended, and nobody was told what is not so.</summary>
internal sealed class NotificationScenario : ISoakScenario
{
    private static readonly AttemptEnd[] Ends = [AttemptEnd.Built, AttemptEnd.Failed, AttemptEnd.TimedOut, AttemptEnd.Skipped, AttemptEnd.AlreadyBuilt];

    public string Name => "notifications";

    public async Task RunAsync(SoakRound round)
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, notifications) =>
        {
            one.WithForge(options);
            one.WithTelegram(notifications, "7");
            one.WithHook(notifications, "build");
        });
        farm.Farm.ExpectsErrors = true;
        var random = round.Random;
        var faults = round.Fork();
        var taken = new ConcurrentQueue<RecordedRequest>();
        farm.Server.Answer = (request, context) => AnswerAsync(farm, faults, taken, request, context);
        var builds = new HashSet<BuildId>();
        for (var step = round.IsShort ? 20 : random.Next(60, 150); step > 0; step--)
        {
            round.Cancelled.ThrowIfCancellationRequested();
            switch (random.Next(8))
            {
                case < 4:
                    var names = Enumerable.Range(0, random.Next(1, 6)).Select(_ => $"p{random.Next(1000)}").Distinct().ToList();
                    builds.UnionWith(await farm.BuildAsync(Ends[random.Next(Ends.Length)], names));
                    break;
                case < 6:
                    await farm.PassAsync(random.Next(1, 4));
                    break;
                case 6:
                    farm.Farm.Faults.FailWrites(random.Next(2) == 0 ? "notice" : "state", random.Next(1, 3), random.Next(2) == 0);
                    round.Count("storage faults");
                    break;
                default:
                    await farm.RestartAsync();
                    round.Count("restarts");
                    break;
            }
        }

        farm.Farm.Faults.Clear();
        lock (faults)
        {
            farm.Server.Answer = (request, context) =>
            {
                taken.Enqueue(request);
                return RecordingServer.Status(200)(request, context);
            };
        }

        // What hangs times out, and what was dropped is woken by its reminder.
        await farm.JumpAsync(TimeSpan.FromMinutes(2));
        await farm.ToldAsync(2000);
        await CheckAsync(farm, builds, [.. taken]);
        round.Count("builds", builds.Count);
        round.Count("requests", farm.Server.Requests.Count);
    }

    private static Task AnswerAsync(
        NotifiedFarm farm, Random faults, ConcurrentQueue<RecordedRequest> taken, RecordedRequest request, HttpContext context)
    {
        int chance;
        lock (faults)
        {
            chance = faults.Next(12);
        }

        switch (chance)
        {
            case 0:
                return RecordingServer.Status(500)(request, context);
            case 1:
                return RecordingServer.Status(429, """{"parameters":{"retry_after":2}}""", ("Retry-After", "2"))(request, context);
            case 2:
                return RecordingServer.CutAsync(request, context);
            case 3:
                // Taken, and the answer is lost.
                taken.Enqueue(request);
                return RecordingServer.CutAsync(request, context);
            case 4:
                return farm.Server.HangAsync(request, context);
            default:
                taken.Enqueue(request);
                return RecordingServer.Status(200)(request, context);
        }
    }

    private static async Task CheckAsync(NotifiedFarm farm, HashSet<BuildId> builds, List<RecordedRequest> taken)
    {
        var states = new Dictionary<BuildId, BuildState>();
        foreach (var build in builds)
        {
            states[build] = (await farm.Farm.Build(build).GetAsync()).ShouldNotBeNull().State;
        }

        // The newest build of each package is what its commit shows.
        var shown = taken.Where(request => request.Target.Contains("/statuses/", StringComparison.Ordinal))
            .GroupBy(request => request.Text("context")).ToDictionary(group => group.Key, group => group.Last().Text("state"));
        foreach (var newest in builds.GroupBy(build => build.Pkgbase).Select(group => group.MaxBy(build => build.Timestamp)))
        {
            shown.ShouldContainKey($"farm: {newest.Pkgbase}");
            shown[$"farm: {newest.Pkgbase}"].ShouldBe(CommitStatus.OfGitLab(states[newest]).State, $"{newest} is {states[newest]}");
        }

        var heard = taken.Where(request => request.Target.StartsWith("/hook", StringComparison.Ordinal)).SelectMany(request => request.Json.EnumerateArray())
            .Select(item => item.GetProperty("data")).Where(data => data.GetProperty("final").GetBoolean())
            .Select(data => (data.GetProperty("build").GetString(), data.GetProperty("state").GetString())).Distinct().ToList();
        heard.ShouldBe(states.Select(state => ((string?)state.Key.ToString(), (string?)state.Value.ToString())), ignoreOrder: true);

        var lines = taken.Where(request => request.Target.EndsWith("/sendMessage", StringComparison.Ordinal))
            .SelectMany(request => TelegramTests.Plain(request.Text("text")).Split('\n').Skip(1)).GroupBy(line => line.Split(' ')[1]).ToDictionary(group => group.Key, group => group.Count());
        foreach (var told in states.Where(state => state.Value is BuildState.Published or BuildState.Failed or BuildState.TimedOut).GroupBy(state => state.Key.Pkgbase))
        {
            lines.GetValueOrDefault(told.Key).ShouldBeGreaterThanOrEqualTo(told.Count(), $"{told.Key} in the chat");
        }
    }
}
