using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Caur.Contracts.Builds;
using Caur.Grains.Notifications;

namespace Caur.Tests.Notifications;

/// <summary>Signed events at a webhook.</summary>
public sealed class WebhookTests
{
    [Fact]
    public async Task Hook_ForEachState_GetsSignedCloudEvents()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, hooks) =>
        {
            options.LogsUrl = "https://logs.example.org/?view=1";
            one.WithHook(hooks, "build", "change");
        });
        var build = await farm.EnqueueAsync("p", "77");
        await farm.PassAsync(2);
        var attempt = await farm.Builder.StartAsync();
        await farm.Builder.CompleteAsync(attempt, AttemptEnd.Failed, "it does not build");
        await farm.ToldAsync();
        await farm.RemoveAsync("p");
        await farm.PassAsync(5);
        await farm.ToldAsync();

        foreach (var request in farm.Server.Requests)
        {
            request.Target.ShouldBe("/hook?x=1");
            request.Headers["Content-Type"].ShouldBe("application/cloudevents-batch+json; charset=utf-8");
            var signed = $"{request.Headers["webhook-id"]}.{request.Headers["webhook-timestamp"]}.{request.Body}";
            request.Headers["webhook-signature"].ShouldBe(
                "v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(NotifiedFarm.HookSecret), Encoding.UTF8.GetBytes(signed))));
        }

        var events = Events(farm);
        events.Select(item => item.GetProperty("type").GetString()).ShouldBe(["caur.build", "caur.build", "caur.build", "caur.repository.change"]);
        events.Take(3).Select(item => item.GetProperty("data").GetProperty("state").GetString()).ShouldBe(["Waiting", "Running", "Failed"]);
        events.Select(item => item.GetProperty("id").GetString()).Take(3).ShouldBe([$"{build}/1", $"{build}/2", $"{build}/3"]);
        var last = events[2].GetProperty("data");
        last.GetProperty("final").GetBoolean().ShouldBeTrue();
        last.GetProperty("commit").GetString().ShouldBe(NotifiedFarm.Sha);
        last.GetProperty("pipeline").GetString().ShouldBe("77");
        last.GetProperty("log").GetString().ShouldBe($"https://logs.example.org/?view=1&timestamp={build.Timestamp}&id=p");
        events[3].GetProperty("data").GetProperty("kind").GetString().ShouldBe("Remove");
    }

    [Fact]
    public async Task Hook_ByDefault_GetsEndsOnly()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, hooks) => one.WithHook(hooks));
        await farm.BuildAsync(AttemptEnd.AlreadyBuilt, "a", "b");
        await farm.ToldAsync();

        Events(farm).Select(item => item.GetProperty("data").GetProperty("state").GetString()).ShouldBe(["AlreadyBuilt", "AlreadyBuilt"]);
    }

    [Fact]
    public async Task Hook_WhenAnAnswerIsLost_GetsTheSameIdsAgain()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, hooks) => one.WithHook(hooks, "build"));
        farm.Server.Answer = RecordingServer.CutAsync;
        await farm.BuildAsync(AttemptEnd.Failed, "p");
        await farm.PassAsync(4);
        farm.Server.Requests.Count.ShouldBeGreaterThanOrEqualTo(2);
        await farm.RestartAsync();
        farm.Server.Answer = RecordingServer.Status(204, "");
        await farm.ToldAsync();

        farm.Server.Requests.Select(request => request.Headers["webhook-id"]).Distinct().ShouldHaveSingleItem();
        farm.Server.Requests.Select(request => request.Json[0].GetProperty("id").GetString()).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Hook_WhenManyEventsWait_GetsThemInFewDeliveries()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, hooks) => one.WithHook(hooks, "build"));
        farm.Server.Answer = RecordingServer.Status(500);
        await farm.BuildAsync(AttemptEnd.Failed, Enumerable.Range(0, 90).Select(i => $"p{i}"));
        await farm.PassAsync(2);
        farm.Server.Forget();
        farm.Server.Answer = RecordingServer.Status(200);
        await farm.ToldAsync();

        var ids = Events(farm).Select(item => item.GetProperty("id").GetString()).ToList();
        ids.ShouldBeUnique();
        ids.Count.ShouldBeGreaterThanOrEqualTo(90);
        farm.Server.Requests.Count.ShouldBe((ids.Count + 99) / 100);
    }

    [Fact]
    public async Task Hook_WhenItIsTooMuchAtOnce_GetsLessAtOnce()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, hooks) => one.WithHook(hooks));
        farm.Server.Answer = (request, context) => RecordingServer.Status(request.Json.GetArrayLength() > 3 ? 413 : 200)(request, context);
        await farm.BuildAsync(AttemptEnd.Failed, Enumerable.Range(0, 20).Select(i => $"p{i}"));
        await farm.ToldAsync();

        farm.Server.Requests.Where(request => request.Json.GetArrayLength() <= 3).SelectMany(request => request.Json.EnumerateArray())
            .Select(item => item.GetProperty("id").GetString()).ToHashSet().Count.ShouldBe(20);
    }

    [Fact]
    public void Signature_OfTheStandardsOwnExample_IsTheStandards()
    {
        // From the reference libraries' tests.
        var headers = WebhookSignature.Headers(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            DateTimeOffset.FromUnixTimeSeconds(1614265330),
            "{\"test\": 2432232314}"u8);
        headers.ShouldContain(("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    private static List<JsonElement> Events(NotifiedFarm farm) =>
        [.. farm.Server.Requests.SelectMany(request => request.Json.EnumerateArray())];
}
