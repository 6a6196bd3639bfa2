using System.Security.Cryptography;
using System.Text;
using Caur.Protocol.Builders;
using Caur.Tests.Support;

namespace Caur.Tests.Builder.Agents;

/// <summary>Whole attempts in real containers: how each kind of end is told.</summary>
public sealed class OutcomeTests
{
    private const string Ignore = "trap '' INT TERM; echo ready; while :; do sleep 0.05; done";

    [Fact]
    public async Task Run_WhenArchivesAreMade_UploadsThemAndCompletes()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var order = farm.Order(
            """
            cd /caur; ls -l src/PKGBUILD; cat order/repositories.conf order/keyrings order/published order/keys/1.asc; id -u
            touch src/x || echo src is read-only
            touch order/x || echo order is read-only
            grep -E 'NoNewPrivs|CapBnd' /proc/self/status; echo "$BUILDER_HOSTNAME $CAUR_BUILD_ID $CAUR_PKGBASE $MAKEFLAGS $CI_CODE_SKIP bump $CI_PACKAGE_BUMP $BUILDER_ALLOW_PROHIBITED"
            printf data >out/.x; setpriv --reuid 1000 --regid 1000 --clear-groups bash -c 'printf content >out/hello-1:2.0-1.1-any.pkg.tar.zst'
            printf sig >out/hello-1:2.0-1.1-any.pkg.tar.zst.sig
            """) with
        {
            Repositories = [new("caur", ["http://host.docker.internal:8080/$repo/$arch"])],
            TrustedKeys = ["THE KEY\n"],
            Keyrings = ["https://example.org/some-keyring.pkg.tar.zst"],
            PackageBump = "1.0-1/2",
            AllowProhibited = true,
            Published = ["hello-1-1-any.pkg.tar.zst"],
        };
        var result = await farm.RunAsync(order, options => options.Containers.Cpus = 1.5);
        var log = farm.Session.LogText(order.Attempt);
        (result.Outcome, result.ExitCode, result.Message).ShouldBe((AttemptOutcome.Built, 0, ""), log);
        result.ImageDigest.ShouldNotBeNull().ShouldContain("sha256:");
        result.Started.ShouldNotBeNull().ShouldBeLessThan(result.Finished);
        var hash = Convert.ToHexStringLower(SHA256.HashData("content"u8));
        result.Archives.ShouldHaveSingleItem().ShouldBe(new ArchiveInfo("hello-1:2.0-1.1-any.pkg.tar.zst", 7, hash));
        farm.Session.Uploads.ShouldHaveSingleItem().ShouldBe((result.Archives[0], hash));
        farm.Session.Steps.ShouldBe([(order.Attempt, AttemptStep.Running), (order.Attempt, AttemptStep.Uploading)]);
        foreach (var expected in (string[])["on builder tester, attempt 1", result.ImageDigest, order.Commit, "SigLevel = Required DatabaseRequired",
            "Server = http://host.docker.internal:8080/$repo/$arch", "hello-1-1-any.pkg.tar.zst", "THE KEY", "src is read-only", "order is read-only",
            "NoNewPrivs:\t1", "CapBnd:\t00000000800400fb", $"tester {order.Attempt.Build} hello -j2 123 bump 1.0-1/2 true", "some-keyring.pkg.tar.zst", "Built hello: hello-1:2.0-1.1-any.pkg.tar.zst\u001b[0m\r\n"])
        {
            log.ShouldContain(expected);
        }

        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Run_WhenTheImageBuildsForReal_BringsTheArchiveThatMakepkgMade()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var order = farm.Order("", "real");
        var result = await farm.RunAsync(order, options => options.Containers.Command = ["/usr/lib/caur/build"]);
        result.Outcome.ShouldBe(AttemptOutcome.Built, farm.Session.LogText(order.Attempt));
        result.Archives.ShouldHaveSingleItem().FileName.ShouldStartWith("real-1.0-1-any.pkg.tar");
        await farm.ShouldBeCleanAsync();
    }

    [Theory]
    [InlineData(0, AttemptOutcome.Failed, "no package archive")]
    [InlineData(1, AttemptOutcome.Failed, "code 1")]
    [InlineData(4, AttemptOutcome.Failed, "PKGBUILD failed")]
    [InlineData(13, AttemptOutcome.AlreadyBuilt, "already")]
    [InlineData(123, AttemptOutcome.Skipped, "decided against")]
    [InlineData(124, AttemptOutcome.TimedOut, "BUILDER_TIMEOUT")]
    [InlineData(120, AttemptOutcome.SystemError, "could not be prepared")]
    public async Task Run_WhenTheContainerExits_TellsTheCode(int code, AttemptOutcome outcome, string says)
    {
        await using var farm = await AgentFixture.CreateAsync();
        var order = farm.Order($"printf 'no line end'; exit {code}");
        var result = await farm.RunAsync(order);
        (result.Outcome, result.ExitCode).ShouldBe((outcome, code));
        result.Message.ShouldContain(says);
        farm.Session.LogText(order.Attempt).ShouldContain("no line end\u001b[0m\r\n");
        farm.Session.LogText(order.Attempt).ShouldContain(result.Message);
        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Run_WhenItSaysNothing_IsStalled()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var result = await farm.RunAsync(farm.Order("echo now; exec sleep 100") with { StallTimeout = TimeSpan.FromSeconds(0.7) });
        (result.Outcome, result.ExitCode).ShouldBe((AttemptOutcome.Stalled, 137));
        await farm.ShouldBeCleanAsync();
    }

    /// <summary>Before anything waits for its end.</summary>
    [Fact]
    public async Task Run_WhenTheClockIsSetForwardAsItBegins_HasAllOfItsTime()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var clock = new SettableClock();
        farm.Time = clock;
        farm.Session.OnProgress = (_, step) =>
        {
            clock.Ahead = step == AttemptStep.Running ? TimeSpan.FromDays(1) : clock.Ahead;
            return true;
        };
        var result = await farm.RunAsync(farm.Order("sleep 0.7; exit 13"));
        clock.Ahead.ShouldBe(TimeSpan.FromDays(1));
        result.Outcome.ShouldBe(AttemptOutcome.AlreadyBuilt, result.Message);
    }

    [Fact]
    public async Task Run_WhenItTalksTooLong_IsTimedOut()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var order = farm.Order("trap 'echo interrupted; exit 5' INT; while :; do echo more; sleep 0.05; done") with { Timeout = TimeSpan.FromSeconds(1) };
        var result = await farm.RunAsync(order);
        (result.Outcome, result.ExitCode).ShouldBe((AttemptOutcome.TimedOut, 5));
        farm.Session.LogText(order.Attempt).ShouldContain("interrupted");
    }

    [Fact]
    public async Task Run_WhenMemoryRunsOut_SaysSoThoughOnlyAChildWasKilled()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var order = farm.Order(
            """
            awk 'BEGIN { while (1) a[i++] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" i }'; echo makepkg goes on
            if cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null | grep -q '^oom_kill [1-9]'; then exit 122; fi
            exit 4
            """);
        var result = await farm.RunAsync(order, options => options.Containers.MemoryBytes = 48 * 1024 * 1024);
        (result.Outcome, result.ExitCode).ShouldBe((AttemptOutcome.OutOfMemory, 122));
        result.Message.ShouldContain("48 MiB");
    }

    [Fact]
    public async Task Run_WhenTheEnginesDiskIsFull_IsHandedBackAndTheBuilderTakesNoMoreForAWhile()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync();
        // What a package's processes can write says nothing.
        var liar = farm.Order("echo '/build 12 KiB' >/caur/out/.caur-full; echo 1 >/caur/out/.caur-oom; exit 4");
        farm.Session.Give(liar);
        var lied = await farm.Session.ResultAsync(liar.Attempt);
        (lied.Outcome, lied.ExitCode).ShouldBe((AttemptOutcome.Failed, 4));

        var order = farm.Order("exit 121");
        farm.Session.Give(order);
        var result = await farm.Session.ResultAsync(order.Attempt);
        (result.Outcome, result.ExitCode).ShouldBe((AttemptOutcome.HandedBack, 121));
        result.Message.ShouldContain("has no room: the container engine's disk is full");

        await farm.Session.UntilAsync(s => s.Hellos.LastOrDefault(hello => hello.Problem.Contains("the container engine's disk is full", StringComparison.Ordinal)), "it says so");
        var (hellos, renewals) = (farm.Session.Hellos.Count, farm.Session.Renewals.Count);
        await farm.Session.UntilAsync(s => s.Renewals.Count > renewals + 2 ? s : null, "some more time");
        farm.Session.Hellos.Count.ShouldBe(hellos, "that the engine answers says nothing");
        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Cancel_WhenInterruptAndTerminateAreIgnored_Kills()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync();
        var order = farm.Order(Ignore);
        farm.Session.Give(order);
        await farm.Session.LogSaysAsync(order.Attempt, "ready");
        farm.Session.Agent!.Cancel(order.Attempt, "replaced by a newer build");
        farm.Session.Agent!.Cancel(order.Attempt, "and once more");
        var result = await farm.Session.ResultAsync(order.Attempt);
        (result.Outcome, result.ExitCode, result.Message).ShouldBe((AttemptOutcome.Cancelled, 137, "Cancelled: replaced by a newer build"));
        farm.Session.Agent!.Cancel(order.Attempt, "too late");
        await agent.StopAsync();
        farm.Session.Results.Count.ShouldBe(1);
        await farm.ShouldBeCleanAsync();
    }

    /// <summary>As by an operator, or an engine that is stopped: the package did nothing wrong.</summary>
    [Fact]
    public async Task Run_WhenTheContainerIsKilledFromOutside_IsASystemErrorAndSaysSo()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync();
        var order = farm.Order(Ignore);
        farm.Session.Give(order);
        await farm.Session.LogSaysAsync(order.Attempt, "ready");
        await farm.Engine.KillAsync((await farm.ContainersAsync()).ShouldHaveSingleItem().Id, "SIGKILL", TestContext.Current.CancellationToken);
        var result = await farm.Session.ResultAsync(order.Attempt);
        (result.Outcome, result.ExitCode).ShouldBe((AttemptOutcome.SystemError, 137));
        farm.Session.LogText(order.Attempt).ShouldContain("ended from outside (code 137)");
        await agent.StopAsync();
        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Renew_WhenTheAttemptIsLost_EndsItAndReportsNothing()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync();
        var order = farm.Order(Ignore);
        farm.Session.Give(order);
        await farm.Session.LogSaysAsync(order.Attempt, "ready");
        farm.Session.OnRenew = running => new RenewReply(true, [.. running], []);
        await farm.Session.UntilAsync(s => s.Renewals.Count > 2 && s.Renewals[^1].Count == 0, "a renewal without it");
        farm.Session.Results.ShouldBeEmpty();
        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Run_WhenMuchIsSaidOverABadLink_TheLogIsExact()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var count = 0;
        farm.Session.OnAppend = chunk => ++count switch
        {
            3 => throw new IOException("no answer"),
            7 => new LogReply(LogStatus.Gap, Math.Max(0, chunk.Offset - 50_000)),
            12 => Lose(chunk),
            _ => null,
        };
        var order = farm.Order("seq -f 'line %.0f of many' 1 200000; exit 1");
        var result = await farm.RunAsync(order);
        result.Outcome.ShouldBe(AttemptOutcome.Failed);
        var log = farm.Session.LogText(order.Attempt);
        var lines = string.Concat(Enumerable.Range(1, 200000).Select(i => $"line {i} of many\r\n"));
        var from = log.IndexOf("line 1 of", StringComparison.Ordinal);
        log.AsSpan(from, lines.Length).SequenceEqual(lines).ShouldBeTrue();
        Encoding.UTF8.GetByteCount(lines).ShouldBeGreaterThan(4_000_000);

        LogReply? Lose(LogChunk chunk)
        {
            farm.Session.TruncateLog(chunk.Attempt, 100);
            return null;
        }
    }

    [Fact]
    public async Task Run_WhenTheFolderIsMissing_FailsAndSaysWhich()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var result = await farm.RunAsync(farm.Order("true", "no-such"));
        result.Outcome.ShouldBe(AttemptOutcome.Failed);
        result.Message.ShouldContain("no folder 'no-such'");
        result.Started.ShouldBeNull();
        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Run_WhenTheImageIsNowhere_IsHandedBackAndTheBuilderSaysWhyUntilTheImageIsThere()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var engine = await ContainerEngine.RequireAsync();
        var name = $"127.0.0.1:1/caur-test/{Guid.NewGuid():N}:image";
        await using var agent = await farm.StartAsync();
        var (first, second) = (farm.Order("exit 13") with { Image = name }, farm.Order("exit 13") with { Image = name });
        farm.Session.Give(first);
        var result = await farm.Session.ResultAsync(first.Attempt);
        result.Outcome.ShouldBe(AttemptOutcome.HandedBack);
        result.Message.ShouldContain("BUILDER_IMAGE");

        var hello = await farm.Session.UntilAsync(s => s.Hellos.LastOrDefault(hello => hello.Problem.Length > 0), "it says that it cannot run builds");
        hello.Problem.ShouldContain(name);
        farm.Session.Give(second);
        var renewals = farm.Session.Renewals.Count;
        await farm.Session.UntilAsync(s => s.Renewals.Count > renewals + 2 ? s : null, "some more time");
        farm.Session.Accepted.ShouldBe([first.Attempt], "it takes no other while that is so");

        (await engine.RunAsync(["tag", farm.Image, name])).ExitCode.ShouldBe(0);
        try
        {
            (await farm.Session.ResultAsync(second.Attempt)).Outcome.ShouldBe(AttemptOutcome.AlreadyBuilt);
            farm.Session.Hellos[^1].Problem.ShouldBeEmpty();
        }
        finally
        {
            await engine.RunAsync(["rmi", "--no-prune", name]);
        }
    }

    [Fact]
    public async Task Run_WhenTheNameIsStrange_BuildsAllTheSame()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var order = farm.Order("cat /caur/src/PKGBUILD; exit 13", "Lib.x++@1") with { CacheSources = true };
        (await farm.RunAsync(order)).Outcome.ShouldBe(AttemptOutcome.AlreadyBuilt);
        farm.Session.LogText(order.Attempt).ShouldContain("pkgname=Lib.x++@1");
    }

    [Fact]
    public async Task Run_WhenTheOrderIsIllegal_IsRefusedBeforeItTouchesAnything()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var result = await farm.RunAsync(farm.Order("true") with { Pkgbase = "../../etc" });
        result.Outcome.ShouldBe(AttemptOutcome.SystemError);
        result.Message.ShouldContain("no legal pkgbase");
    }

    [Theory]
    [InlineData("ln -s /etc/passwd /caur/out/a-1-1-any.pkg.tar.zst", "no regular file")]
    [InlineData("mkfifo /caur/out/a-1-1-any.pkg.tar.zst", "no regular file")]
    [InlineData("mkdir /caur/out/a-1-1-any.pkg.tar.zst", "no regular file")]
    [InlineData(": >/caur/out/a-1-1-any.pkg.tar.zst", "empty")]
    [InlineData("echo x >'/caur/out/a b-1-1-any.pkg.tar.zst'", "no legal name")]
    public async Task Run_WhenTheOutputIsNoArchive_FailsAndNamesIt(string script, string says)
    {
        await using var farm = await AgentFixture.CreateAsync();
        var result = await farm.RunAsync(farm.Order(script));
        result.Outcome.ShouldBe(AttemptOutcome.Failed);
        result.Message.ShouldContain(says);
        farm.Session.Uploads.ShouldBeEmpty();
        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Run_WhenCallsFailOnTheirWay_RepeatsThemUntilTheyAreAnswered()
    {
        await using var farm = await AgentFixture.CreateAsync();
        foreach (var call in (string[])["hello", "take", "accept", "renew", "progress", "upload", "complete"])
        {
            farm.Session.Fail(call, 1);
        }

        var refused = false;
        farm.Session.OnUpload = _ => refused ? new UploadReply { Stored = true } : new UploadReply { Stored = !(refused = true), Reason = "the disk was full" };
        var result = await farm.RunAsync(farm.Order("echo x >/caur/out/a-1-1-any.pkg.tar.zst"));
        result.Outcome.ShouldBe(AttemptOutcome.Built);
        farm.Session.Uploads.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Run_WhenTheUploadIsStale_EndsWithoutAResult()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync();
        farm.Session.OnUpload = _ => new UploadReply { Stored = false, Stale = true };
        var order = farm.Order("echo x >/caur/out/a-1-1-any.pkg.tar.zst");
        farm.Session.Give(order);
        await farm.Session.UntilAsync(s => s.Uploads.Count == 1 && s.Renewals[^1].Count == 0, "its end");
        farm.Session.Results.ShouldBeEmpty();
        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Run_WhenTheFarmHasNoRoom_KeepsTheArchiveUntilItHas()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var calls = 0;
        farm.Session.OnUpload = _ => ++calls > 3
            ? new UploadReply { Stored = true }
            : new UploadReply { Stored = false, NoRoom = true, Reason = "no room for 2 bytes in the landing zone" };
        var result = await farm.RunAsync(farm.Order("echo x >/caur/out/a-1-1-any.pkg.tar.zst"), o => o.Attempts.UploadRetries = 1);
        (result.Outcome, result.Archives.Count, calls).ShouldBe((AttemptOutcome.Built, 1, 4));
    }

    [Fact]
    public async Task Run_WhenTheArchiveIsNeverStored_IsASystemErrorWithTheReason()
    {
        await using var farm = await AgentFixture.CreateAsync();
        farm.Session.OnUpload = _ => new UploadReply { Stored = false, Reason = "the disk is full" };
        var result = await farm.RunAsync(farm.Order("echo x >/caur/out/a-1-1-any.pkg.tar.zst"), o => o.Attempts.UploadRetries = 1);
        (result.Outcome, result.Archives.Count).ShouldBe((AttemptOutcome.SystemError, 0));
        result.Message.ShouldContain("the disk is full");
    }
}
