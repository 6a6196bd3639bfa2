using System.Collections.Concurrent;
using Caur.Tests.Soak;

namespace Caur.Tests.Api;

/// <summary>Builds come, run and end while clients follow, lose their connection at any moment and come back with the place that they have:
/// each sees every state of every build once and in its order.</summary>
internal sealed class EventFollowersScenario : ISoakScenario
{
    private static readonly string[] Life = ["Waiting", "Assigned", "Running", "Uploading", "Publishing", "Published"];

    public string Name => "event-followers";

    public async Task RunAsync(SoakRound round)
    {
        var (builds, clients) = round.IsShort ? (15, 3) : (300, 12);
        await using var hub = await ApiHub.StartAsync(round.Folder);
        using var begun = await SseClient.OpenAsync(hub.Http, "/api/v1/events");
        var place = begun.LastId;
        var followers = Enumerable.Range(0, clients).Select(_ => FollowAsync(hub, place, builds, round, round.Fork())).ToList();
        var builders = new List<ApiBuilder>();
        for (var i = 0; i < 3; i++)
        {
            builders.Add(await new ApiBuilder(hub, $"b{i}").JoinAsync());
        }

        var random = round.Fork();
        for (var made = 0; made < builds;)
        {
            var some = Math.Min(random.Next(1, 4), builds - made);
            await hub.EnqueueAsync([.. Enumerable.Range(made, some).Select(i => ApiHub.Request($"p{i}"))]);
            made += some;
            await Task.WhenAll(builders.Take(some).Select(builder => builder.BuildAsync()));
        }

        await Task.WhenAll(followers);
        round.Count("builds", builds);
    }

    private static async Task FollowAsync(ApiHub hub, string place, int builds, SoakRound round, Random random)
    {
        var seen = new ConcurrentDictionary<string, List<string>>();
        while (seen.Count < builds || seen.Values.Any(states => states.Count < Life.Length))
        {
            using var client = await SseClient.OpenAsync(hub.Http, "/api/v1/events?type=build", place);
            for (var left = random.Next(1, 40); left > 0 && !(seen.Count == builds && seen.Values.All(states => states.Count >= Life.Length)); left--)
            {
                var item = await client.NextAsync();
                item.Name.ShouldBe("build");
                seen.GetOrAdd(item.Data.GetProperty("build").GetString()!, _ => []).Add(item.Data.GetProperty("state").GetString()!);
                place = item.Id;
            }

            round.Count("connections");
        }

        seen.Values.ShouldAllBe(states => states.SequenceEqual(Life));
        seen.Keys.ShouldAllBe(build => build.StartsWith("repo/x86_64/p"));
    }
}
