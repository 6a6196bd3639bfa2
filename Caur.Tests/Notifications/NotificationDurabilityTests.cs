using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Repositories;
using Caur.Grains.Notifications;
using Caur.Tests.Grains;

namespace Caur.Tests.Notifications;

/// <summary>What becomes of notifications when the far side, storage or the hub fail.</summary>
public sealed class NotificationDurabilityTests
{
    [Fact]
    public async Task Builds_WhileNobodyAnswers_GoOnAsFast()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, notifications) =>
        {
            one.WithForge(options);
            one.WithTelegram(notifications);
            one.WithHook(notifications, "build");
        });
        farm.Server.Answer = farm.Server.HangAsync;
        await farm.EnqueueAsync("first");
        await farm.PassAsync(2);
        farm.Server.Requests.Count.ShouldBe(2, "the forge's and the hook's hang");

        // The clock stands, so no timeout helps: the queue drains all the same.
        await farm.BuildAsync(AttemptEnd.Built, Enumerable.Range(0, 50).Select(i => $"p{i}"));
        farm.Farm.Publisher.Published.Count.ShouldBe(51);
        farm.Server.Requests.Count.ShouldBe(2);

        farm.Server.Answer = RecordingServer.Status(200);
        await farm.JumpAsync(TimeSpan.FromSeconds(31));
        await farm.ToldAsync();
        farm.Messages.Sum(text => text.Split('\n').Length - 1).ShouldBe(51);
        farm.Statuses.Count(status => status.StartsWith("success", StringComparison.Ordinal)).ShouldBe(51);
        farm.Log.Lines.ShouldContain(line => line.Contains("it did not answer within 30 s", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(0)]
    public async Task FarSide_WhenItFails_IsTriedLessAndLessOften(int status)
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, notifications) => one.WithTelegram(notifications));
        farm.Server.Answer = status == 0 ? RecordingServer.CutAsync : RecordingServer.Status(status);
        await farm.BuildAsync(AttemptEnd.Failed, "p");
        await farm.PassAsync(60);
        farm.Server.Requests.Count.ShouldBeInRange(4, 9);
        farm.Log.Lines.Count(line => line.Contains("Notifications to telegram wait", StringComparison.Ordinal)).ShouldBe(1, "one line, not one each time");
        farm.Server.Answer = RecordingServer.Status(200);
        farm.Server.Forget();
        await farm.ToldAsync();

        farm.Server.Requests.ShouldHaveSingleItem();
        farm.Log.Lines.ShouldContain(line => line.Contains("telegram takes notifications again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task FarSide_WithRetryAfterInItsHeader_IsLeftAloneForThatLong()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, _) => one.WithForge(options, NotifierKind.GitHub));
        farm.Server.Answer = RecordingServer.Status(403, """{"message":"You have exceeded a secondary rate limit."}""", ("Retry-After", "50"));
        await farm.BuildAsync(AttemptEnd.Failed, "p");
        await farm.PassAsync(49);
        farm.Server.Requests.Count.ShouldBe(1);
        var reset = farm.Farm.Clock.GetUtcNow().AddSeconds(100).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        farm.Server.Answer = RecordingServer.Status(403, "{}", ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", reset));
        await farm.PassAsync(90);
        farm.Server.Requests.Count.ShouldBe(2);
        (await farm.Grain.GetAsync()).Channels.Single().Paused.ShouldBeFalse();
        farm.Server.Answer = RecordingServer.Status(201);
        await farm.ToldAsync();
    }

    [Fact]
    public async Task Hub_KilledWhileTheFarSideIsAway_TellsAfterwardsAndOnce()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, notifications) =>
        {
            one.WithForge(options);
            one.WithTelegram(notifications);
            one.WithHook(notifications);
        });
        farm.Server.Answer = RecordingServer.Status(500);
        await farm.BuildAsync(AttemptEnd.Failed, "a", "b");
        await farm.PassAsync(3);
        await farm.RestartAsync();
        farm.Server.Forget();
        farm.Server.Answer = RecordingServer.Status(200);
        await farm.ToldAsync();
        farm.Messages.Count.ShouldBe(1);
        farm.Statuses.ShouldBe(["failed Build failed.", "failed Build failed."]);
        farm.Server.Requests.Count.ShouldBe(4);

        await farm.RestartAsync();
        await farm.PassAsync(10);
        farm.Server.Requests.Count.ShouldBe(4, "nothing is told twice");
    }

    [Fact]
    public async Task Hub_KilledBeforeItNotedWhatHappened_FindsItInTheLists()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, notifications) =>
        {
            one.WithForge(options);
            one.WithTelegram(notifications);
        });
        await farm.EnqueueAsync("known");
        await farm.PassAsync(3);

        // Between two ticks: what was known comes to its end, something comes and ends, something comes, and something is removed.
        var attempt = await farm.Builder.StartAsync();
        await farm.Builder.CompleteAsync(attempt, AttemptEnd.Failed);
        await farm.BuildAsync(AttemptEnd.Built, "unseen");
        await farm.EnqueueAsync("waits");
        await farm.RemoveAsync("x");
        farm.Server.Requests.Count.ShouldBe(1);
        await farm.RestartAsync();
        await farm.ToldAsync();

        farm.Messages.Select(text => TelegramTests.Plain(text).Split(" - ")[0]).ShouldBe(
            ["🚨 Failed deploying to repo:\n> known", "📣 New deployment to repo:\n> unseen", "✅ Repo-remove job for repo finished successfully"], ignoreOrder: true);
        farm.Statuses.ShouldBe(
            ["pending Waiting for builder...", "failed Build failed.", "success Package successfully deployed.", "pending Waiting for builder..."], ignoreOrder: true);
    }

    [Fact]
    public async Task Hub_StartedForTheFirstTime_TellsNothingOfThePast()
    {
        var told = false;
        await using var farm = await NotifiedFarm.StartAsync((one, options, notifications) =>
        {
            if (told)
            {
                one.WithForge(options);
                one.WithTelegram(notifications);
            }
        });
        await farm.BuildAsync(AttemptEnd.Failed, "past");
        await farm.RemoveAsync("x");
        await farm.EnqueueAsync("open");
        await farm.PassAsync(30);
        told = true;
        await farm.RestartAsync();
        await farm.ToldAsync();
        await farm.BuildAsync(AttemptEnd.Failed, "later");
        await farm.ToldAsync();

        farm.Messages.SelectMany(text => text.Split('\n').Skip(1)).Select(line => line.Split(' ')[1]).ShouldBe(["open", "later"], ignoreOrder: true);
        farm.Statuses[0].ShouldBe("pending Waiting for builder...");
    }

    [Theory]
    [InlineData("notice", false)]
    [InlineData("notice", true)]
    [InlineData("state", false)]
    [InlineData("state", true)]
    public async Task Storage_WhenItFailsOnce_CostsNoNotification(string record, bool afterwards)
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, notifications) => one.WithTelegram(notifications));
        farm.Farm.ExpectsErrors = true;
        await farm.PassAsync(5);
        farm.Farm.Faults.FailWrites(record, 1, afterwards);
        await farm.BuildAsync(AttemptEnd.Failed, "a");
        await farm.RemoveAsync("x");
        await farm.PassAsync(5);
        await farm.JumpAsync(TimeSpan.FromMinutes(1));
        await farm.ToldAsync();

        // What was sent and could not be noted is sent again; that is all.
        farm.Messages.Distinct().Count().ShouldBe(2);
        farm.Messages.Count.ShouldBeLessThanOrEqualTo(3);
    }

    [Fact]
    public async Task FarSide_WhenItIsAwayForADay_IsNotToldOfThatDayAndTheLogSaysSo()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, notifications) => one.WithTelegram(notifications));
        farm.Server.Answer = RecordingServer.Status(500);
        await farm.BuildAsync(AttemptEnd.Failed, "old");
        await farm.PassAsync(2);
        await farm.JumpAsync(TimeSpan.FromHours(23));
        await farm.BuildAsync(AttemptEnd.Failed, "young");
        await farm.PassAsync(2);
        (await farm.Grain.GetAsync()).Channels.Single().Waiting.ShouldBe(2);
        await farm.JumpAsync(TimeSpan.FromHours(2));
        await farm.PassAsync(2);
        farm.Server.Answer = RecordingServer.Status(200);
        farm.Server.Forget();
        await farm.ToldAsync(1200);

        farm.Messages.ShouldHaveSingleItem().ShouldContain("young");
        farm.Log.Lines.ShouldContain(line => line.Contains("telegram is not told of 1 builds or changes any more, the first of them repo/x86_64/old/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task FarSide_WhenMoreWaitThanMay_IsToldHowManyTheOldestWere()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, notifications) =>
        {
            one.WithTelegram(notifications);
            one.WithHook(notifications);
            notifications.MostWaiting = 5;
        });
        farm.Server.Answer = RecordingServer.Status(500);
        await farm.BuildAsync(AttemptEnd.Failed, Enumerable.Range(0, 12).Select(i => $"p{i:00}"));
        await farm.PassAsync(3);
        await farm.RestartAsync();
        await farm.PassAsync(1);
        farm.Server.Forget();
        farm.Server.Answer = RecordingServer.Status(200);
        await farm.ToldAsync();

        var lines = TelegramTests.Plain(farm.Messages.ShouldHaveSingleItem()).Split('\n');
        lines.Length.ShouldBe(7);
        lines[^1].ShouldBe("> and 7 more");
        var hook = farm.Server.Requests.Single(request => request.Target.StartsWith("/hook", StringComparison.Ordinal)).Json;
        hook.GetArrayLength().ShouldBe(6);
        hook[5].GetProperty("type").GetString().ShouldBe("caur.merged");
        hook[5].GetProperty("data").GetProperty("counts").GetProperty("Failed").GetInt32().ShouldBe(7);
    }

    [Fact]
    public async Task Forge_WhenMoreWaitThanMay_IsToldOfThoseThatEnded()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, notifications) =>
        {
            one.WithForge(options);
            notifications.MostWaiting = 5;
        });
        farm.Server.Answer = RecordingServer.Status(500);
        await farm.BuildAsync(AttemptEnd.Failed, Enumerable.Range(0, 5).Select(i => $"ended{i}"));
        for (var i = 0; i < 7; i++)
        {
            await farm.EnqueueAsync($"waits{i}");
        }

        await farm.PassAsync(3);
        farm.Server.Forget();
        farm.Server.Answer = RecordingServer.Status(201);
        await farm.ToldAsync();

        farm.Statuses.ShouldBe(Enumerable.Repeat("failed Build failed.", 5));
        farm.Log.Lines.ShouldContain(line => line.Contains("More than 5 notifications to status:packages wait: 7 of them are not told any more", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Ledger_AfterDays_HasForgottenWhatEverybodyKnows()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, notifications) => one.WithTelegram(notifications));
        await farm.BuildAsync(AttemptEnd.Failed, "a", "b", "c");
        await farm.ToldAsync();
        for (var hours = 0; hours < 30; hours += 6)
        {
            // Not all at once: a call that is under way then would have taken more than a day.
            await farm.JumpAsync(TimeSpan.FromHours(6));
        }

        await farm.JumpAsync(TimeSpan.FromMinutes(11));
        await farm.JumpAsync(TimeSpan.FromMinutes(2));
        farm.Farm.Faults.Log.Count(line => line.StartsWith("clear notice-", StringComparison.Ordinal)).ShouldBe(3);
        var before = farm.Server.Requests.Count;
        await farm.RestartAsync();
        await farm.PassAsync(5);

        farm.Server.Requests.Count.ShouldBe(before, "what is forgotten is not told again");
    }

    [Fact]
    public async Task Notifications_WithNobodyToTell_DoNothing()
    {
        await using var farm = await NotifiedFarm.StartAsync((_, _, _) => { });
        await farm.BuildAsync(AttemptEnd.Failed, "p");
        await farm.PassAsync(3);

        (await farm.Grain.GetAsync()).Channels.ShouldBeEmpty();
        farm.Farm.Faults.Log.ShouldNotContain(line => line.Contains(" notice", StringComparison.Ordinal) || line.Contains(" state", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Record_ThatIsDamaged_CostsItsBuildOnly()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, notifications) => one.WithTelegram(notifications));
        farm.Farm.ExpectsErrors = true;
        farm.Server.Answer = RecordingServer.Status(500);
        await farm.BuildAsync(AttemptEnd.Failed, "a", "b");
        await farm.PassAsync(2);
        await farm.Farm.RestartAsync(() => Task.Run(() => FarmRecords.Damage(farm.Farm, "notice-0", "farm")));
        farm.Server.Answer = RecordingServer.Status(200);
        farm.Server.Forget();
        await farm.ToldAsync();

        // Its build is found in the list of logs, and told of anew.
        farm.Messages.SelectMany(text => text.Split('\n').Skip(1)).Count().ShouldBe(2);
        farm.Log.Lines.ShouldContain(line => line.Contains("Record notice-0 of the notifications cannot be read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Repository_ThatCannotBeRead_KeepsNobodyElseFromBeingTold()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, notifications) =>
        {
            one.WithTelegram(notifications);
            options.TargetRepositories["second"] = new TargetRepositoryOptions { Architectures = ["riscv64"] };
        });
        farm.Farm.ExpectsErrors = true;
        var damaged = farm.Farm.Client.GetGrain<ITargetRepositoryGrain>("second/riscv64");
        await damaged.ChangeAsync(new RepositoryChange { Operation = Guid.NewGuid(), Kind = RepositoryChangeKind.Remove, Names = ["x"] });
        await farm.PassAsync(6);
        farm.Server.Forget();
        await farm.Farm.RestartAsync(() => Task.Run(() => FarmRecords.Damage(farm.Farm, "changes", "second/riscv64")));
        await farm.BuildAsync(AttemptEnd.Failed, "p");
        await farm.RemoveAsync("x");
        await farm.PassAsync(10);

        farm.Messages.Select(text => TelegramTests.Plain(text).Split(" - ")[0]).ShouldBe(
            ["🚨 Failed deploying to repo:\n> p", "✅ Repo-remove job for repo finished successfully"], ignoreOrder: true);
        farm.Log.Lines.Count(line => line.Contains("repository second/riscv64 could not be read for notifications", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task Requests_WithSecretsInThem_AreNotTraced()
    {
        var seen = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("System.Net", StringComparison.Ordinal),
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => seen.Enqueue($"{activity.DisplayName} {string.Join(' ', activity.TagObjects)}"),
        };
        ActivitySource.AddActivityListener(listener);
        await using var farm = await NotifiedFarm.StartAsync((one, _, notifications) => one.WithTelegram(notifications));
        await farm.BuildAsync(AttemptEnd.Failed, "p");
        await farm.ToldAsync();

        farm.Messages.Count.ShouldBe(1);
        farm.Server.Requests[0].Headers.ContainsKey("traceparent").ShouldBeFalse();
        seen.ShouldAllBe(line => !line.Contains("sendMessage", StringComparison.Ordinal) && !line.Contains("s3cr3t", StringComparison.Ordinal));
    }

    [Fact]
    public void Backoff_AfterAnyNumberOfFailures_StaysWithinItsBounds()
    {
        for (var failures = 1; failures < 100_000; failures = failures < 50 ? failures + 1 : failures * 3)
        {
            foreach (var chance in new[] { 0, 0.5, 1 })
            {
                Backoff.After(failures, chance).ShouldBeInRange(TimeSpan.FromSeconds(0.5), TimeSpan.FromMinutes(15));
            }
        }

        Backoff.After(1, 0).ShouldBe(TimeSpan.FromSeconds(1));
        Backoff.After(5, 0).ShouldBe(TimeSpan.FromSeconds(16));
        Backoff.After(5, 1).ShouldBe(TimeSpan.FromSeconds(8));
        Backoff.After(100_000, 0).ShouldBe(TimeSpan.FromMinutes(15));
    }
}
