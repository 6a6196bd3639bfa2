using Caur.Pipelines.Polite;
using Caur.Tests.Notifications;

namespace Caur.Tests.Pipelines.Polite;

public sealed class PoliteSettingsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, 0)]
    [InlineData("", 0)]
    [InlineData("false", 0)]
    [InlineData("true", 1)]
    [InlineData("0", 0)]
    [InlineData("2", 2)]
    [InlineData("0.5", 0.5)]
    [InlineData("3s", 3)]
    [InlineData("1m", 60)]
    public void CloneDelay_WhenSleepTakesIt_IsThatTime(string? text, double seconds)
    {
        CloneDelay.Parse(text, out var problem).ShouldBe(TimeSpan.FromSeconds(seconds));
        problem.ShouldBeNull();
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1h")]
    [InlineData("$(reboot)")]
    [InlineData("s")]
    public void CloneDelay_WhenItIsNoTime_IsRefused(string text)
    {
        CloneDelay.Parse(text, out var problem).ShouldBeNull();
        problem.ShouldStartWith($"CI_CLONE_DELAY is '{text}'");
    }

    [Fact]
    public async Task HostProxy_WhenHostIsTheAurs_IsUsedForItAlone()
    {
        await using var proxy = await RecordingServer.StartAsync();
        await using var other = await RecordingServer.StartAsync();
        var parsed = HostProxy.Parse($"user:p%40ss@{new Uri(proxy.Address).Authority}", ["aur.invalid"], out var problem);
        problem.ShouldBeNull();
        proxy.Answer = (request, context) => RecordingServer.Status(
            request.Headers.ContainsKey("Proxy-Authorization") ? 200 : 407, "from the proxy", ("Proxy-Authenticate", "Basic realm=\"x\""))(request, context);
        using var http = HostProxy.Client(parsed);

        (await http.GetStringAsync(new Uri("http://aur.invalid/rpc"), Token)).ShouldBe("from the proxy");
        (await http.GetStringAsync(new Uri($"{other.Address}/x"), Token)).ShouldBe("{}");

        var asked = proxy.Requests[^1];
        asked.Target.ShouldBe("http://aur.invalid/rpc");
        asked.Headers["Proxy-Authorization"].ShouldBe($"Basic {Convert.ToBase64String("user:p@ss"u8)}");
        other.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("ftp://proxy.invalid")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://")]
    public void HostProxy_WhenItIsNoAddress_IsRefused(string value)
    {
        HostProxy.Parse(value, ["a"], out var problem).ShouldBeNull();
        problem.ShouldNotBeNull();
    }

    [Fact]
    public void HostProxy_WhenWrongValueHoldsAPassword_DoesNotTellIt()
    {
        HostProxy.Parse("ftp://user:hunter2@proxy.invalid", ["a"], out var problem);
        problem.ShouldBe("CI_AUR_PROXY is no address of a proxy: ftp://proxy.invalid");
    }

    [Fact]
    public void Shown_WhenTextIsHostile_IsOneShortPrintableLine() =>
        Shown.Short("fatal: \u001b[31mhttps://u:hunter2@h/x\nnext\u202e" + new string('y', 500)).ShouldBe(
            "fatal: ?[31mhttps://h/x; next?" + new string('y', 270) + "...");
}
