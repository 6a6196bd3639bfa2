using Caur.Api.Queue;
using Caur.Contracts.Farm;
using Caur.Contracts.Sources;
using Caur.Silo.Hub;
using Caur.Tests.Configuration;
using Caur.Tests.Sources;
using Caur.Tests.Telemetry;
using ControlPlane = Caur.Tests.Grains.Farm;

namespace Caur.Tests.Notifications;

/// <summary>Notifications in a whole hub: from its settings to the far side and to the metrics.</summary>
public sealed class NotificationHubTests
{
    [Fact]
    public async Task Hub_WithAWebhookAndAChat_TellsThemAndCountsIt()
    {
        await using var server = await RecordingServer.StartAsync();
        await using var hub = await MetricsHub.StartAsync(new Dictionary<string, string>
        {
            ["PACKAGE_REPOS"] = """{"sources":{"url":"/nonexistent"}}""",
            ["PACKAGE_TARGET_REPOS"] = """{"farm":{}}""",
            ["TELEGRAM_BOT_TOKEN"] = "1:a",
            ["TELEGRAM_CHAT_ID"] = "42",
            ["CAUR_TELEGRAM_URL"] = server.Address,
            ["CAUR_WEBHOOKS"] = $$"""{"one":{"url":"{{server.Address}}/hook","secret":"x","events":["build.final"]} }""",
        });
        // What happens before its first look is the past.
        _ = await hub.MetricsAsync();
        await hub.BuildAsync("few", 7);
        var metrics = await hub.MetricsAsync();
        for (var tries = 0; tries < 500 && (metrics.Value("""caur_notifications_sent_total{channel="webhook"}""") < 7 || metrics.Value("""caur_notifications_waiting{channel="webhook"}""") > 0); tries++)
        {
            metrics = await hub.MetricsAsync();
        }

        server.Requests.Where(request => request.Target == "/hook").SelectMany(request => request.Json.EnumerateArray()).Count().ShouldBe(7);
        server.Requests.ShouldContain(request => request.Target == "/bot1:a/sendMessage" && request.Body.Contains("Failed deploying to farm"));
        metrics.Value("""caur_notifications_waiting{channel="webhook"}""").ShouldBe(0);
        metrics.Value("""caur_notifications_paused{channel="telegram"}""").ShouldBe(0);
        metrics.Value("""caur_notifications_given_up_total{cause="Age",channel="telegram"}""").ShouldBe(0);
        (await metrics.LintAsync()).ShouldBe("");
    }

    [Theory]
    [InlineData("abc:123", "123")]
    [InlineData("abc", null)]
    [InlineData("abc:", null)]
    [InlineData("abc:1:2", null)]
    [InlineData("abc:\n", null)]
    [InlineData(null, null)]
    public void Commit_WithAPipeline_KeepsItsId(string? commit, string? pipeline) => new ScheduleBody { Commit = commit }.Pipeline.ShouldBe(pipeline);

    [Fact]
    public async Task Schedule_ForAPipeline_GivesItsIdToTheBuilds()
    {
        await using var farm = await ControlPlane.StartAsync();
        await new GitWorkTree(farm.SourceFolder).CommitAsync(("p/PKGBUILD", ""), ("p/.SRCINFO", "pkgbase = p\npkgver = 1\npkgrel = 1\narch = any\n\npkgname = p\n"));
        var reply = await farm.Source("packages").ScheduleAsync(new ScheduleRequest
        {
            Operation = Guid.NewGuid(),
            Target = ControlPlane.Target,
            Packages = [new ScheduledPackage("p", null)],
            Pipeline = "4711",
        });
        reply.Error.ShouldBeNull();
        (await farm.Queue.GetAsync()).Items.ShouldHaveSingleItem().Request.Pipeline.ShouldBe("4711");
    }

    [Theory]
    [InlineData("PACKAGE_REPOS_NOTIFIERS", """{"packages":{"id":"1","token":"t","check_name":"c","kind":"gitea"}}""", "notifiers: the notifier of packages: kind must be gitlab or github, not 'gitea'")]
    [InlineData("PACKAGE_REPOS_NOTIFIERS", """{"packages":{"id":"1","token":"t","check_name":"c","url":"example.org"}}""", "notifiers: the notifier of packages: 'example.org' is no address of an API: http:// or https:// is wanted")]
    [InlineData("PACKAGE_REPOS_NOTIFIERS", """{"packages":{"id":"17","token":"t","check_name":"c","kind":"github"}}""", "notifiers: the notifier of packages: id must be owner/name, as it is for GitHub, not '17'")]
    [InlineData("TELEGRAM_CHAT_ID", "my chat", "notifications.telegram_chat must be a chat's number, or @ and a channel's name, not 'my chat'")]
    [InlineData("CAUR_WEBHOOKS", """{"one":{"secret":"s"}}""", "notifications.webhooks: the webhook one has no url")]
    [InlineData("CAUR_WEBHOOKS", """{"one":{"url":"https://x"}}""", "notifications.webhooks: the webhook one has no secret")]
    [InlineData("CAUR_WEBHOOKS", """{"one":{"url":"https://x","secret":"s","secret_file":"/x"}}""", "notifications.webhooks: the webhook one has a secret and a secret_file; one of them has to go")]
    [InlineData("CAUR_WEBHOOKS", """{"one":{"url":"https://x","secret":"s","events":["builds"]}}""", "notifications.webhooks: the webhook one: 'builds' is no event; did you mean build?")]
    [InlineData("CAUR_WEBHOOKS", """{"one":{"url":"https://x","secret":"s","events":[]}}""", "notifications.webhooks: the webhook one has no events; leave the key out for build.final and change")]
    [InlineData("CAUR_NOTIFY_HOURS", "0", "notifications.give_up must be a whole number from 1 to 720 (hours), not '0'")]
    public void Check_OnAWrongSetting_SaysWhatIsWrong(string variable, string value, string problem)
    {
        using var told = new ConfigurationHarness();
        told.Environment[variable] = value;
        told.Problems().ShouldContain($"{variable} (environment): {problem}");
    }

    [Fact]
    public void Settings_OfTheFile_BecomeOptions()
    {
        using var told = new ConfigurationHarness();
        File.WriteAllText(told["secret"], "sesame\n");
        var result = told.Check($$"""
            {
              "notifiers": { "packages": { "id": "a/b", "token": "t", "check_name": "%pkgbase%", "kind": "github", "url": "https://ghe.example.org/api/v3" } },
              "notifications": {
                "telegram_token_file": "{{told["secret"]}}", "telegram_chat": -100123, "give_up": 48,
                "webhooks": { "one": { "url": "https://example.org/hook", "secret_file": "{{told["secret"]}}", "events": ["build"] } },
              },
            }
            """);
        result.Problems.ShouldBeEmpty();
        var farm = new FarmOptions();
        FarmEnvironment.Read(farm, result.Variable);
        (farm.Notifiers["packages"].Kind, farm.Notifiers["packages"].Url).ShouldBe((NotifierKind.GitHub, "https://ghe.example.org/api/v3"));
        var options = NotificationEnvironment.Read(result.Variable);
        (options.TelegramToken, options.TelegramChat, options.GiveUpAfter).ShouldBe(("sesame", "-100123", TimeSpan.FromHours(48)));
        options.Webhooks["one"].ShouldSatisfyAllConditions(
            hook => hook.Secret.ShouldBe("sesame"),
            hook => hook.Events.ShouldBe(["build"]));
    }
}
