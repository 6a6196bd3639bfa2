using System.Text;
using Caur.Builder.Engines;
using Caur.Tests.Support;

namespace Caur.Tests.Builder.Engines;

public sealed class EngineClientTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Version_WhenEngineAnswers_IsNewEnough()
    {
        using var engine = await TestEngine.ClientAsync();
        await engine.PingAsync(Stop);
        var version = await engine.VersionAsync(Stop);
        Version.Parse(version.ApiVersion!).ShouldBeGreaterThanOrEqualTo(new Version(1, 41));
        version.IsPodman.ShouldBeFalse();
    }

    [Fact]
    public async Task Version_WhenSocketIsAbsent_SaysWhereAndWhatToDo()
    {
        using var engine = TestEngine.Client($"unix:///tmp/caur-no-such-{Guid.NewGuid():n}.sock");
        var error = await Should.ThrowAsync<EngineException>(() => engine.VersionAsync(Stop));
        error.Failure.ShouldBe(EngineFailure.Unreachable);
        error.Message.ShouldContain(engine.Address);
        error.Message.ShouldContain("DOCKER_HOST");
    }

    [Fact]
    public async Task InspectImage_WhenAbsent_IsNull()
    {
        using var engine = await TestEngine.ClientAsync();
        (await engine.InspectImageAsync("caur-no-such-image:never", Stop)).ShouldBeNull();
        var there = await engine.InspectImageAsync(await TestEngine.ImageAsync(), Stop);
        there.ShouldNotBeNull().Digest.ShouldStartWith("sha256:");
    }

    [Fact]
    public async Task PullImage_WhenRegistryCannotBeReached_ThrowsWithTheEnginesWords()
    {
        using var engine = await TestEngine.ClientAsync();
        var error = await Should.ThrowAsync<EngineException>(() => engine.PullImageAsync("127.0.0.1:1/no/such:tag", null, Stop));
        error.Failure.ShouldBe(EngineFailure.Refused);
        error.Message.ShouldContain("127.0.0.1:1");
    }

    [Fact]
    public async Task Create_WhenImageIsAbsent_ThrowsImageNotFound()
    {
        using var engine = await TestEngine.ClientAsync();
        var creation = new ContainerCreation { Image = "caur-no-such-image:never", Cmd = ["true"] };
        var error = await Should.ThrowAsync<EngineException>(() => engine.CreateAsync(NewName(), creation, Stop));
        error.Failure.ShouldBe(EngineFailure.ImageNotFound);
    }

    [Fact]
    public async Task Create_WhenNameIsTaken_ThrowsNameConflict()
    {
        await using var first = await RunningContainer.CreateAsync("true");
        var creation = new ContainerCreation { Image = await TestEngine.ImageAsync(), Cmd = ["true"] };
        var error = await Should.ThrowAsync<EngineException>(() => first.Engine.CreateAsync(first.Name, creation, Stop));
        error.Failure.ShouldBe(EngineFailure.NameConflict);
    }

    [Fact]
    public async Task Create_WhenSettingIsImpossible_ThrowsRefused()
    {
        using var engine = await TestEngine.ClientAsync();
        var creation = new ContainerCreation
        {
            Image = await TestEngine.ImageAsync(),
            Cmd = ["true"],
            HostConfig = new() { Mounts = [new("bind", "/no/such/folder", "/x", true)] },
        };
        var error = await Should.ThrowAsync<EngineException>(() => engine.CreateAsync(NewName(), creation, Stop));
        error.Failure.ShouldBe(EngineFailure.Refused);
        error.Message.ShouldContain("/no/such/folder");
    }

    [Fact]
    public async Task Attach_BeforeStartWithTerminal_MissesNoByte()
    {
        await using var container = await RunningContainer.CreateAsync("printf 'first\\n\\033[1mbold\\033[0m\\n'; printf last", tty: true);
        await using var output = await container.Engine.AttachAsync(container.Id, tty: true, Stop);
        await container.Engine.StartAsync(container.Id, Stop);
        (await output.ReadAllAsync()).ShouldBe("first\r\n\u001b[1mbold\u001b[0m\r\nlast");
        (await container.Engine.WaitAsync(container.Id, Stop).DefaultTimeout()).ShouldBe(0);
    }

    [Fact]
    public async Task Attach_BeforeStartWithoutTerminal_JoinsTheFrames()
    {
        await using var container = await RunningContainer.CreateAsync("for i in {1..200}; do echo out $i; done; echo err >&2; exit 3", tty: false);
        await using var output = await container.Engine.AttachAsync(container.Id, tty: false, Stop);
        await container.Engine.StartAsync(container.Id, Stop);
        var text = await output.ReadAllAsync();
        text.Replace("err\n", "").ShouldBe(string.Concat(Enumerable.Range(1, 200).Select(i => $"out {i}\n")));
        text.ShouldContain("err\n");
        (await container.Engine.WaitAsync(container.Id, Stop).DefaultTimeout()).ShouldBe(3);
    }

    [Fact]
    public async Task Logs_WhenContainerHasEnded_GiveTheSameBytesAgain()
    {
        await using var container = await RunningContainer.CreateAsync("for i in {1..5000}; do echo line $i; done; printf 'a\\377b no end'", tty: true);
        await using var output = await container.Engine.AttachAsync(container.Id, tty: true, Stop);
        await container.Engine.StartAsync(container.Id, Stop);
        var attached = await output.ReadAllAsync();
        await using var logs = await container.Engine.LogsAsync(container.Id, tty: true, follow: true, Stop);
        (await logs.ReadAllAsync()).ShouldBe(attached);
        attached.ShouldEndWith(" no end");
    }

    [Fact]
    public async Task Kill_WhenRunning_EndsItAndAfterwardsSaysFalse()
    {
        await using var container = await RunningContainer.CreateAsync("trap 'exit 42' INT; echo ready; while :; do sleep 0.1; done", tty: true);
        await using var output = await container.Engine.AttachAsync(container.Id, tty: true, Stop);
        await container.Engine.StartAsync(container.Id, Stop);
        await output.ReadExactlyAsync(new byte[5], Stop).AsTask().DefaultTimeout("ready");
        (await container.Engine.KillAsync(container.Id, "SIGINT", Stop)).ShouldBeTrue();
        (await container.Engine.WaitAsync(container.Id, Stop).DefaultTimeout()).ShouldBe(42);
        (await container.Engine.KillAsync(container.Id, "SIGINT", Stop)).ShouldBeFalse();
        var state = (await container.Engine.InspectAsync(container.Id, Stop)).ShouldNotBeNull().State;
        (state.Status, state.Running, state.ExitCode, state.OOMKilled).ShouldBe(("exited", false, 42, false));
    }

    [Fact]
    public async Task Stop_WhenTermIsIgnored_KillsAfterTheGrace()
    {
        await using var container = await RunningContainer.CreateAsync("trap '' TERM; echo ready; while :; do sleep 0.1; done", tty: true);
        await using var output = await container.Engine.AttachAsync(container.Id, tty: true, Stop);
        await container.Engine.StartAsync(container.Id, Stop);
        await output.ReadExactlyAsync(new byte[5], Stop).AsTask().DefaultTimeout("ready");
        await container.Engine.StopAsync(container.Id, TimeSpan.FromSeconds(1), Stop).DefaultTimeout("the stop");
        (await container.Engine.InspectAsync(container.Id, Stop)).ShouldNotBeNull().State.ExitCode.ShouldBe(137);
    }

    [Fact]
    public async Task List_ByLabel_FindsOnlyThat()
    {
        await using var one = await RunningContainer.CreateAsync("true");
        await using var other = await RunningContainer.CreateAsync("true");
        var found = await one.Engine.ListAsync([TestEngine.Label, $"{TestEngine.Label}.id={one.Name}"], Stop);
        found.ShouldHaveSingleItem().Id.ShouldBe(one.Id);
        found[0].Labels![TestEngine.Label].ShouldBe("1");
    }

    [Fact]
    public async Task Remove_WhenGoneAlready_IsNoError()
    {
        await using var container = await RunningContainer.CreateAsync("sleep 100");
        await container.Engine.StartAsync(container.Id, Stop);
        await container.Engine.RemoveAsync(container.Id, Stop).DefaultTimeout();
        await container.Engine.RemoveAsync(container.Id, Stop).DefaultTimeout();
        (await container.Engine.InspectAsync(container.Id, Stop)).ShouldBeNull();
        (await Should.ThrowAsync<EngineException>(() => container.Engine.StartAsync(container.Id, Stop)))
            .Failure.ShouldBe(EngineFailure.ContainerNotFound);
    }

    [Fact]
    public async Task MultiplexedStream_WhenCutInAFrame_Throws()
    {
        byte[] frames = [1, 0, 0, 0, 0, 0, 0, 2, (byte)'h', (byte)'i', 2, 0, 0, 0, 0, 0, 0, 5, (byte)'x'];
        await using var stream = new MultiplexedStream(new MemoryStream(frames), new MemoryStream());
        var buffer = new byte[100];
        (await stream.ReadAsync(buffer, Stop)).ShouldBe(2);
        Encoding.ASCII.GetString(buffer, 0, 2).ShouldBe("hi");
        (await stream.ReadAsync(buffer, Stop)).ShouldBe(1);
        await Should.ThrowAsync<EndOfStreamException>(async () => (await stream.ReadAsync(buffer, Stop)).ShouldBe(0));
    }

    private static string NewName() => $"caur-agent-test-{Guid.NewGuid():n}";

    /// <summary>A created container that is removed with this object.</summary>
    private sealed class RunningContainer : IAsyncDisposable
    {
        public required EngineClient Engine { get; init; }

        public required string Id { get; init; }

        public required string Name { get; init; }

        public static async Task<RunningContainer> CreateAsync(string script, bool tty = false)
        {
            var engine = await TestEngine.ClientAsync();
            var name = NewName();
            var made = await engine.CreateAsync(name, new ContainerCreation
            {
                Image = await TestEngine.ImageAsync(),
                Cmd = ["bash", "-c", script],
                Tty = tty,
                Labels = new Dictionary<string, string> { [TestEngine.Label] = "1", [TestEngine.Label + ".id"] = name },
                HostConfig = new()
                {
                    NetworkMode = "none",
                    LogConfig = new("local", new Dictionary<string, string> { ["max-size"] = "10m", ["max-file"] = "1", ["compress"] = "false" }),
                },
            }, Stop);
            return new RunningContainer { Engine = engine, Id = made.Id, Name = name };
        }

        public async ValueTask DisposeAsync()
        {
            await Engine.RemoveAsync(Id, Stop);
            Engine.Dispose();
        }
    }
}
