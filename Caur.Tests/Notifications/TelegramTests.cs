using System.Text;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Grains.Notifications;
using FsCheck;
using FsCheck.Fluent;
using ControlPlane = Caur.Tests.Grains.Farm;

namespace Caur.Tests.Notifications;

/// <summary>The manual's five events, as they come to a chat.</summary>
public sealed class TelegramTests
{
    /// <summary>Much of what has a meaning in MarkdownV2, and all else.</summary>
    private static readonly Arbitrary<string> Texts = Gen.ArrayOf(Gen.Frequency(
        (3, Gen.Elements("_*[]()~`>#+-=|{}.!\\\n\t\0\u007f".ToCharArray())),
        (2, Gen.Choose(0, 0xFFFF).Select(code => (char)code)),
        (1, Gen.Elements("abc 🚨é".ToCharArray())))).Select(characters => new string(characters)).ToArbitrary();

    private static readonly Gen<(int Count, int Length)> Sizes =
        from count in Gen.Choose(1, 300)
        from length in Gen.Choose(1, 128)
        select (count, length);

    [Fact]
    public async Task Builds_OfEachKindOfEnd_AreToldInTheManualsWords()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, telegram) =>
        {
            one.WithForge(options);
            options.Notifiers.Clear();
            one.WithTelegram(telegram);
        });
        var published = await farm.BuildAsync(AttemptEnd.Built, "freecad-git");
        await farm.ToldAsync();
        var failed = (await farm.BuildAsync(AttemptEnd.Failed, "python-a_b.c"))[0];
        await farm.ToldAsync();
        var late = (await farm.BuildAsync(AttemptEnd.TimedOut, "slow"))[0];
        await farm.ToldAsync();
        await farm.BuildAsync(AttemptEnd.AlreadyBuilt, "known");
        await farm.BuildAsync(AttemptEnd.Skipped, "unwanted");
        await farm.PassAsync(10);
        published.Count.ShouldBe(1);

        farm.Messages.Select(Plain).ShouldBe(
        [
            "📣 New deployment to repo:\n> freecad-git",
            $"🚨 Failed deploying to repo:\n> python-a_b.c - logs<https://logs.example.org/logs.html?timestamp={failed.Timestamp}&id=python-a_b.c> - commit<https://gitlab.example.org/group/packages/-/commit/{NotifiedFarm.Sha}>",
            $"⏳ Build for repo failed due to a timeout:\n> slow - logs<https://logs.example.org/logs.html?timestamp={late.Timestamp}&id=slow> - commit<https://gitlab.example.org/group/packages/-/commit/{NotifiedFarm.Sha}>",
        ]);
        farm.Messages[1].ShouldStartWith("🚨 Failed deploying to repo:\n\\> python\\-a\\_b\\.c \\- [logs](https://logs.example.org/");
        var request = farm.Server.Requests[0];
        request.Target.ShouldBe($"/bot{NotifiedFarm.BotToken}/sendMessage");
        request.Text("chat_id").ShouldBe("-100123");
        request.Text("parse_mode").ShouldBe("MarkdownV2");
    }

    [Fact]
    public async Task Failures_WithoutALogViewer_AreToldWithoutThatLink()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, telegram) =>
        {
            options.SourceRepositories["packages"].Url = "/srv/git/packages";
            one.WithTelegram(telegram);
        });
        await farm.BuildAsync(AttemptEnd.OutOfMemory, "big");
        await farm.ToldAsync();

        farm.Messages.Select(Plain).ShouldBe(["🚨 Failed deploying to repo:\n> big"]);
    }

    [Fact]
    public void Lines_ForSeveralArchitectures_NameThem()
    {
        var farm = new FarmOptions();
        farm.TargetRepositories["repo"] = new TargetRepositoryOptions { Architectures = ["x86_64", "aarch64"] };
        var channel = new TelegramChannel(new NotificationOptions { TelegramToken = "1:t", TelegramChat = "5" }, farm);

        var delivery = channel.Compose(new NotificationBacklog([Entry("p", 1)], new Dictionary<string, int>(), 10, default))!;

        Plain(System.Text.Json.JsonElement.Parse(delivery.Request.Body.Span).GetProperty("text").GetString()!).ShouldBe("🚨 Failed deploying to repo:\n> p (x86_64)");
    }

    [Fact]
    public async Task Removals_ThatEnd_AreToldInTheManualsWords()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, telegram) => one.WithTelegram(telegram, "42"));
        await farm.PassAsync(4);
        await farm.RemoveAsync("a");
        await farm.PassAsync(5);
        farm.Farm.Publisher.RefusesChanges = true;
        await farm.RemoveAsync("b");
        await farm.PassAsync(5);
        await farm.ToldAsync();
        await farm.RestartAsync();
        await farm.PassAsync(8);

        farm.Messages.Select(Plain).ShouldBe(["✅ Repo-remove job for repo finished successfully", "🚫 Repo-remove job for repo failed"]);
    }

    [Fact]
    public async Task Builds_ThatEndTogether_BecomeOneMessage()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, telegram) => one.WithTelegram(telegram));
        await farm.BuildAsync(AttemptEnd.Built, Enumerable.Range(0, 60).Select(i => $"package-{i:00}"));
        await farm.ToldAsync();

        farm.Messages.SelectMany(text => Plain(text).Split('\n').Skip(1)).ShouldBe(Enumerable.Range(0, 60).Select(i => $"> package-{i:00}"), ignoreOrder: true);
        farm.Messages.Count.ShouldBeLessThanOrEqualTo(3);
        farm.Messages.ShouldAllBe(text => text.Length <= 4096 && text.StartsWith("📣 New deployment to repo:\n"));
    }

    [Fact]
    public async Task Group_WhenManyMessagesWait_GetsTwentyAMinute()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, telegram) => one.WithTelegram(telegram));
        var times = new List<DateTimeOffset>();
        farm.Server.Answer = (request, context) =>
        {
            times.Add(farm.Farm.Clock.GetUtcNow());
            return RecordingServer.Status(200)(request, context);
        };
        for (var i = 0; i < 20; i++)
        {
            await farm.BuildAsync(i % 2 == 0 ? AttemptEnd.Failed : AttemptEnd.Built, $"p{i}");
            await farm.PassAsync(1);
        }

        await farm.ToldAsync();
        times.Count.ShouldBeGreaterThan(4);
        times.Zip(times.Skip(1), (one, next) => next - one).Min().ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Telegram_WhenItSaysTooMany_IsLeftAloneForAsLongAsItSays()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, telegram) => one.WithTelegram(telegram));
        farm.Server.Answer = RecordingServer.Status(429, """{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 37","parameters":{"retry_after":37}}""");
        await farm.BuildAsync(AttemptEnd.Failed, "p");
        await farm.PassAsync(36);
        farm.Server.Requests.Count.ShouldBe(1);
        farm.Server.Answer = RecordingServer.Status(200);
        await farm.PassAsync(4);

        farm.Server.Requests.Count.ShouldBe(2);
        (await farm.Grain.GetAsync()).Channels.Single().Waiting.ShouldBe(0);
    }

    [Fact]
    public async Task Telegram_WhenItRefusesOneLine_IsToldOfTheOthers()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, _, telegram) => one.WithTelegram(telegram, "7"));
        farm.Server.Answer = (request, context) => RecordingServer.Status(request.Text("text").Contains("poison", StringComparison.Ordinal) ? 400 : 200, """{"description":"Bad Request: can't parse entities"}""")(request, context);
        await farm.BuildAsync(AttemptEnd.Failed, "a", "b", "poison", "c", "d");
        await farm.ToldAsync();

        farm.Messages.Where(text => !text.Contains("poison", StringComparison.Ordinal)).SelectMany(text => Plain(text).Split('\n').Skip(1))
            .Select(line => line[2..3]).ShouldBe(["a", "b", "c", "d"], ignoreOrder: true);
        farm.Log.Lines.ShouldContain(line => line.Contains("telegram does not take the notification of repo/x86_64/poison/", StringComparison.Ordinal));
    }

    [Fact]
    public void Text_Escaped_IsShownAsItIs() => Prop.ForAll(Texts, text => Plain(MarkdownV2.Text(text)) == Shown(text))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));

    [Fact]
    public void Link_ToAnyAddress_LeadsThere() => Prop.ForAll(
        Texts,
        Texts,
        (text, path) =>
        {
            var address = new Uri($"https://example.org/x({Uri.EscapeDataString(Valid(path))})?a=b)c\\d");
            return Plain(MarkdownV2.Link(text, address)) == $"{Shown(text)}<{address.AbsoluteUri}>";
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));

    [Fact]
    public void Message_OfAnyNames_FitsAndHasThemAll() => Prop.ForAll(
        Sizes.ToArbitrary(),
        size =>
        {
            var farm = new FarmOptions { LogsUrl = "https://logs.example.org/" + new string('x', 200) };
            var channel = new TelegramChannel(new NotificationOptions { TelegramToken = "1:t", TelegramChat = "@c" }, farm);
            var waiting = Enumerable.Range(0, size.Count).Select(i => Entry("a" + new string('_', size.Length - 1), i)).ToList();
            var rounds = 0;
            while (waiting.Count > 0 && rounds++ < 400)
            {
                var delivery = channel.Compose(new NotificationBacklog(waiting, new Dictionary<string, int> { ["Failure/repo"] = 3 }, int.MaxValue, default))!;
                var text = System.Text.Json.JsonElement.Parse(delivery.Request.Body.Span).GetProperty("text").GetString()!;
                text.Length.ShouldBeLessThanOrEqualTo(4096);
                text.Split('\n').Length.ShouldBe(delivery.Covers.Length + 2);
                text.ShouldEndWith("\n\\> and 3 more");
                delivery.Covers.Length.ShouldBeInRange(1, 50);
                waiting.RemoveRange(0, delivery.Covers.Length);
            }

            return waiting.Count == 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50).WithQuietOnSuccess(true));

    private static NoticeEntry Entry(string pkgbase, long timestamp) => new(new Notice
    {
        Build = new Caur.Contracts.Ids.BuildId(new Caur.Contracts.Ids.PackageKey(ControlPlane.Target, pkgbase), timestamp),
    }.With(BuildState.Failed, default));

    /// <summary>What Telegram shows of a text in MarkdownV2: a link as text and address. Whatever it would not take throws.</summary>
    internal static string Plain(string markdown)
    {
        var plain = new StringBuilder();
        for (var i = 0; i < markdown.Length; i++)
        {
            if (markdown[i] == '\\')
            {
                plain.Append(Escaped(markdown, ref i));
            }
            else if (markdown[i] == '[')
            {
                i++;
                for (; markdown[i] != ']'; i++)
                {
                    plain.Append(markdown[i] == '\\' ? Escaped(markdown, ref i) : Harmless(markdown[i]));
                }

                markdown[++i].ShouldBe('(');
                plain.Append('<');
                for (i++; markdown[i] != ')'; i++)
                {
                    plain.Append(markdown[i] == '\\' ? Escaped(markdown, ref i) : markdown[i]);
                }

                plain.Append('>');
            }
            else
            {
                plain.Append(Harmless(markdown[i]));
            }
        }

        return plain.ToString();
    }

    private static char Escaped(string markdown, ref int i)
    {
        i++;
        markdown[i].ShouldBeInRange('\x01', '\x7e');
        return markdown[i];
    }

    private static char Harmless(char c)
    {
        "_*[]()~`>#+-=|{}.!\\".ShouldNotContain(c);
        return c;
    }

    private static string Shown(string text) => new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]);

    private static string Valid(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
