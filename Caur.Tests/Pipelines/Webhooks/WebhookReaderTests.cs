using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Caur.Pipelines.Webhooks;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Webhooks;

public sealed class WebhookReaderTests
{
    private const string Secret = "the secret";
    private const string Url = "https://gitlab.example/group/sub/pkgbuilds.git";
    private const string Before = "1111111111111111111111111111111111111111";
    private const string After = "2222222222222222222222222222222222222222";

    /// <summary>The documentation's example, shortened (https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events).</summary>
    private const string GitLabPush =
        $$"""
        {"object_kind":"push","event_name":"push","before":"{{Before}}","after":"{{After}}","ref":"refs/heads/main","ref_protected":true,
         "checkout_sha":"{{After}}","user_id":4,"user_name":"John","project_id":15,
         "project":{"id":15,"name":"pkgbuilds","web_url":"https://gitlab.example/group/sub/pkgbuilds","git_ssh_url":"git@gitlab.example:group/sub/pkgbuilds.git",
         "git_http_url":"https://gitlab.example/group/sub/pkgbuilds.git","path_with_namespace":"group/sub/pkgbuilds","default_branch":"main"},
         "commits":[{"id":"{{Before}}","message":"old [skip ci]"},{"id":"{{After}}","message":"chore(update): foo"}],"total_commits_count":2}
        """;

    /// <summary>https://docs.github.com/en/webhooks/webhook-events-and-payloads#push, shortened.</summary>
    private const string GitHubPush =
        $$"""
        {"ref":"refs/heads/main","before":"{{Before}}","after":"{{After}}","repository":{"id":1,"name":"pkgbuilds","full_name":"me/pkgbuilds",
         "html_url":"https://github.com/me/pkgbuilds","clone_url":"https://github.com/me/pkgbuilds.git","ssh_url":"git@github.com:me/pkgbuilds.git","url":"https://github.com/me/pkgbuilds"},
         "created":false,"deleted":false,"forced":true,"commits":[],"head_commit":{"id":"{{After}}","message":"chore(update): foo [skip ci]"} }
        """;

    private readonly ManualTimeProvider _time = new();

    [Theory]
    [InlineData(Url)]
    [InlineData("git@gitlab.example:group/sub/pkgbuilds.git")]
    [InlineData("ssh://git@gitlab.example:2222/Group/Sub/pkgbuilds")]
    [InlineData(null)]
    public void Read_WhenGitLabTellsOfAPush_GivesIt(string? url)
    {
        var answer = Read(GitLabPush, url, ("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", Secret));
        answer.Verdict.ShouldBe(WebhookVerdict.Push, answer.Reason);
        answer.Status.ShouldBe(202);
        var push = answer.Push.ShouldNotBeNull();
        (push.Sender, push.Branch, push.Before, push.After, push.Message, push.SkipsCi).ShouldBe((WebhookSender.GitLab, "main", Before, After, "chore(update): foo", false));
        push.Addresses.ShouldContain(Url);
    }

    [Fact]
    public void Read_WhenGitHubTellsOfAPush_GivesIt()
    {
        var answer = Read(GitHubPush, "git@github.com:me/pkgbuilds.git", ("X-GitHub-Event", "push"), ("X-Hub-Signature-256", Hub(GitHubPush)));
        answer.Push.ShouldNotBeNull(answer.Reason).Sender.ShouldBe(WebhookSender.GitHub);
        answer.Push!.SkipsCi.ShouldBeTrue();
    }

    [Fact]
    public void Read_WhenGitHubsDocumentedExampleIsChecked_IsGenuine()
    {
        // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
        const string Signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        WebhookSecret.IsHubSignature(["It's a Secret to Everybody"], Signature, "Hello, World!"u8).ShouldBeTrue();
        WebhookSecret.IsHubSignature(["It's a Secret to Everybody"], Signature, "Hello, World?"u8).ShouldBeFalse();
    }

    [Theory]
    [InlineData("hub")]
    [InlineData("standard")]
    public void Read_WhenAnythingElseSigns_GivesThePush(string kind)
    {
        var body = $$"""{"repository":"{{Url}}","ref":"refs/heads/main","after":"{{After.ToUpperInvariant()}}"}""";
        var answer = Read(body, Url, kind == "hub" ? [("X-Hub-Signature-256", Hub(body))] : Standard(body, _time.GetUtcNow()));
        var push = answer.Push.ShouldNotBeNull(answer.Reason);
        (push.Sender, push.Before, push.After).ShouldBe((WebhookSender.Generic, null, After));
    }

    [Theory]
    [InlineData(-6)]
    [InlineData(6)]
    public void Read_WhenASignedTimeIsNotNow_IsRefused(int minutes)
    {
        var body = $$"""{"repository":"{{Url}}","ref":"refs/heads/main","after":"{{After}}"}""";
        Read(body, Url, Standard(body, _time.GetUtcNow().AddMinutes(minutes))).Status.ShouldBe(401);
    }

    [Theory]
    [InlineData("X-Gitlab-Event=Push Hook")]
    [InlineData("X-Gitlab-Event=Push Hook;X-Gitlab-Token=wrong")]
    [InlineData("X-Gitlab-Event=Push Hook;X-Gitlab-Token=")]
    [InlineData("X-Gitlab-Token=the secret")]
    [InlineData("X-GitHub-Event=push")]
    [InlineData("X-GitHub-Event=push;X-Hub-Signature-256=sha256=00")]
    [InlineData("X-GitHub-Event=push;X-Hub-Signature-256=sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")]
    [InlineData("X-GitHub-Event=push;X-Hub-Signature=sha1=757107ea0eb2509fc211221cce984b8a37570b6d")]
    [InlineData("webhook-id=1;webhook-timestamp=x;webhook-signature=v1,AAAA")]
    [InlineData("webhook-id=1;webhook-timestamp=999999999999999999999;webhook-signature=v1,AAAA")]
    [InlineData("")]
    public void Read_WhenTheSecretIsNotShown_IsRefused(string headers)
    {
        var answer = Read(GitHubPush, null, [.. headers.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(header => header.Split('=', 2)).Select(parts => (parts[0], parts[1]))]);
        (answer.Verdict, answer.Status).ShouldBe((WebhookVerdict.Refused, 401));
    }

    [Fact]
    public void Read_WhenThereIsNoSecret_RefusesEverything() =>
        new WebhookReader(_time).Read(Headers(("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", "")), Encoding.UTF8.GetBytes(GitLabPush), [""], null).Status.ShouldBe(403);

    [Fact]
    public void Read_WhenASecretIsBeingChanged_TakesBoth()
    {
        var reader = new WebhookReader(_time);
        foreach (var secret in (string[])["old", Secret])
        {
            reader.Read(Headers(("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", secret)), Encoding.UTF8.GetBytes(GitLabPush), ["old", Secret], Url).Status.ShouldBe(202);
        }
    }

    [Fact]
    public void Read_WhenItIsAnotherRepository_IsRefused() =>
        Read(GitLabPush, "https://gitlab.example/group/other.git", ("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", Secret)).Status.ShouldBe(422);

    [Theory]
    [InlineData("X-GitHub-Event", "ping", "{}")]
    [InlineData("X-GitHub-Event", "issues", "{}")]
    [InlineData("X-GitHub-Event", "push", $$"""{"ref":"refs/tags/scheduled","after":"{{After}}","repository":{"url":"x"} }""")]
    [InlineData("X-GitHub-Event", "push", $$"""{"ref":"refs/heads/x","after":"0000000000000000000000000000000000000000","repository":{"url":"x"} }""")]
    [InlineData("X-Gitlab-Event", "Tag Push Hook", "{}")]
    [InlineData("X-Gitlab-Event", "System Hook", """{"event_name":"user_create"}""")]
    public void Read_WhenThereIsNothingToDo_IsIgnored(string header, string value, string body) => Genuine(header, value, body, null).Verdict.ShouldBe(WebhookVerdict.Ignored);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("{")]
    [InlineData("payload=%7B%7D")]
    [InlineData("{}")]
    [InlineData("""{"ref":1}""")]
    [InlineData("""{"ref":["refs/heads/main"]}""")]
    [InlineData("""{"ref":"refs/heads/main"}""")]
    [InlineData("""{"ref":"refs/heads/main","after":"--upload-pack=x"}""")]
    [InlineData("""{"ref":"refs/heads/main","after":2}""")]
    [InlineData($$"""{"ref":"refs/heads/main","after":"{{After}}"}""")]
    [InlineData($$"""{"ref":"refs/heads/main","after":"{{After}}","repository":7}""")]
    [InlineData($$"""{"ref":"refs/heads/a\nb","after":"{{After}}","repository":{"url":"x"} }""")]
    [InlineData($$"""{"ref":"refs/heads/\ud800","after":"{{After}}","repository":{"url":"x"} }""")]
    [InlineData($$"""{"ref":"refs/heads/main","after":"{{After}}","repository":{"url":"\ud800"} }""")]
    public void Read_WhenAGenuineBodyIsNone_IsRefusedClearly(string body)
    {
        var answer = Genuine("X-GitHub-Event", "push", body, null);
        (answer.Verdict, answer.Status).ShouldBe((WebhookVerdict.Refused, 400));
        answer.Reason.Length.ShouldBeGreaterThan(10);
    }

    [Fact]
    public void Read_WhenABodyIsDeepOrHuge_IsRefused()
    {
        Genuine("X-GitHub-Event", "push", string.Concat(Enumerable.Repeat("[", 100_000)), null).Status.ShouldBe(400);
        Read(new string(' ', WebhookReader.LargestBody + 1), null, ("X-GitHub-Event", "push")).Status.ShouldBe(413);
        var wide = $$"""{"ref":"refs/heads/{{new string('a', 5000)}}","after":"{{After}}","repository":{"url":"x"} }""";
        Genuine("X-GitHub-Event", "push", wide, null).Status.ShouldBe(400);
    }

    [Fact]
    public void WhyOwn_WhenAPushIsOurs_SaysWhy()
    {
        var own = new OwnPushes(["0"]);
        var theirs = JsonSerializer.Deserialize<PushEvent>(JsonSerializer.Serialize(new PushEvent { Sender = WebhookSender.GitLab, Addresses = [Url], Branch = "main", After = After }))!;
        own.WhyOwn(theirs).ShouldBeNull();
        own.WhyOwn(theirs with { Message = "chore(update): a [skip ci]" }).ShouldNotBeNull();
        own.Add(After);
        own.WhyOwn(theirs).ShouldNotBeNull();
        for (var i = 0; i < 300; i++)
        {
            own.Add($"{i}");
        }

        own.WhyOwn(theirs).ShouldBeNull();
        new OwnPushes(own.Commits).Commits.ShouldBe(own.Commits);
        own.Commits.Count.ShouldBe(256);
    }

    private WebhookAnswer Genuine(string header, string value, string body, string? url) =>
        Read(body, url, (header, value), header == "X-Gitlab-Event" ? ("X-Gitlab-Token", Secret) : ("X-Hub-Signature-256", Hub(body)));

    private WebhookAnswer Read(string body, string? url, params (string, string)[] headers) =>
        new WebhookReader(_time).Read(Headers(headers), Encoding.UTF8.GetBytes(body), [Secret], url);

    private static Func<string, string?> Headers(params (string Name, string Value)[] headers)
    {
        var known = headers.ToDictionary(header => header.Name, header => header.Value, StringComparer.OrdinalIgnoreCase);
        return name => known.GetValueOrDefault(name);
    }

    private static string Hub(string body) =>
        $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(body)))}";

    private static (string, string)[] Standard(string body, DateTimeOffset time)
    {
        var stamp = time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"msg.{stamp}.{body}"));
        return [("webhook-id", "msg"), ("webhook-timestamp", stamp), ("webhook-signature", $"v1,AAAA v1,{Convert.ToBase64String(signature)}")];
    }
}
