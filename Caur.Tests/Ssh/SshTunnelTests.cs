using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Caur.Silo.Ssh;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Ssh;

/// <summary>The tunnel against a real sshd.</summary>
public sealed class SshTunnelTests
{
    [Fact]
    public async Task Open_ToARealServer_CarriesBytesBothWaysAndLeavesNothingBehind()
    {
        await using var server = await SshServer.StartAsync();
        using var echo = new Echo();
        string folder;
        int process;
        await using (var tunnel = await SshTunnel.OpenAsync(server.To(echo.Port), TimeProvider.System, TestContext.Current.CancellationToken))
        {
            (await echo.AskAsync(tunnel, "one")).ShouldBe("one");
            (await echo.AskAsync(tunnel, "two")).ShouldBe("two");
            folder = tunnel.Folder;
            process = tunnel.ProcessId;
            new DirectoryInfo(folder).UnixFileMode.ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            (await File.ReadAllTextAsync($"/proc/{process}/comm", TestContext.Current.CancellationToken)).Trim().ShouldBe("ssh");
        }

        Directory.Exists(folder).ShouldBeFalse();
        Directory.Exists($"/proc/{process}").ShouldBeFalse();
        server.Accepted.ShouldBe(1);
    }

    [Fact]
    public async Task Open_WhenItCannotBe_SaysWhatSshSaidAndWhatToDo()
    {
        await using var server = await SshServer.StartAsync();
        using var folder = new TemporaryFolder();
        var readable = folder["readable"];
        File.Copy(server.UserKey, readable);
        File.SetUnixFileMode(readable, (UnixFileMode)0b110_100_100);
        var good = server.To(1);

        (await ProblemAsync(good with { KeyFile = server.StrangersKey })).ShouldBe(
            $"no tunnel through {good.Server}: {Environment.UserName}@127.0.0.1: Permission denied (publickey).\n      Tried as {Environment.UserName} with {server.StrangersKey}.");
        (await ProblemAsync(good with { KeyFile = readable })).ShouldContain($"chmod 600");
        (await ProblemAsync(good with { KnownHosts = server.WrongKnownHosts })).ShouldContain("The server shows another host key than before");
        (await ProblemAsync(good with { KnownHosts = "/dev/null" })).ShouldContain("The server's host key is not in /dev/null");
        using var nobody = new Echo();
        nobody.Dispose();
        (await ProblemAsync(good with { Port = nobody.Port })).ShouldContain("Connection refused\n      CAUR_SSH_HOST, _PORT and _USER, or REDIS_SSH_HOST");
    }

    [Fact]
    public async Task Open_WhenTheServerSaysNothing_EndsInTime()
    {
        using var silent = new Echo();
        var options = new SshTunnelOptions { Host = "127.0.0.1", Port = silent.Port, TargetPort = 1, OpenLimit = TimeSpan.FromMilliseconds(300) };

        (await ProblemAsync(options)).ShouldStartWith($"root@127.0.0.1:{silent.Port} did not open a tunnel within");
    }

    [Fact]
    public async Task Route_WhenTheConnectionBreaks_OpensAnotherTunnel()
    {
        await using var server = await SshServer.StartAsync();
        using var echo = new Echo();
        await using var route = new SshRoute(server.To(echo.Port), TimeProvider.System);
        (await echo.AskAsync(route, "before")).ShouldBe("before");

        server.CutConnections();

        // ssh notices in its own time; until then a connection is one that breaks.
        string? answer = null;
        for (var tries = 0; answer != "after" && tries < 100; tries++)
        {
            answer = await echo.AskAsync(route, "after");
        }

        answer.ShouldBe("after");
        server.Accepted.ShouldBe(2);
    }

    [Fact]
    public async Task Route_WhenNothingListensAtTheFarEnd_SaysSo()
    {
        await using var server = await SshServer.StartAsync();
        using var nobody = new Echo();
        nobody.Dispose();
        await using var route = new SshRoute(server.To(nobody.Port), TimeProvider.System);

        (await nobody.AskAsync(route, "x")).ShouldBe("");

        var begun = TimeProvider.System.GetTimestamp();
        while (route.TargetProblem is null && TimeProvider.System.GetElapsedTime(begun) < TestTimeouts.Longest)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        route.TargetProblem.ShouldNotBeNull().ShouldStartWith($"{route.Options.Server} cannot reach 127.0.0.1:{nobody.Port} (connect failed: Connection refused)");
    }

    [Fact]
    public async Task Tunnel_WhenItsOwnerIsKilled_Ends()
    {
        await using var server = await SshServer.StartAsync();
        using var echo = new Echo();

        // The owner is a process of its own that is killed: only what the kernel does for it is done.
        using var owner = Process.Start(new ProcessStartInfo(
            "dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "caur.dll"), "logs", "-f", "x"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        }.With(server.VariablesFor($"http://localhost:{echo.Port}")))!;
        await echo.FirstConnection.DefaultTimeout("the verb's connection through the tunnel");
        var ssh = Children(owner.Id).ShouldHaveSingleItem();

        owner.Kill();

        await owner.WaitForExitAsync(TestContext.Current.CancellationToken);
        var begun = TimeProvider.System.GetTimestamp();
        while (Directory.Exists($"/proc/{ssh}") && TimeProvider.System.GetElapsedTime(begun) < TestTimeouts.Longest)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Directory.Exists($"/proc/{ssh}").ShouldBeFalse("ssh goes on without its owner");
    }

    [Fact]
    public async Task Open_WhenAKilledProcessLeftItsFolder_RemovesThatAndNoOther()
    {
        var left = SshFolder.Create();
        await File.WriteAllTextAsync(left.Socket, "", TestContext.Current.CancellationToken);
        using var living = SshFolder.Create();

        // As the kernel does for a process that is no more.
        left.LetGo();
        SshFolder.Create().Dispose();

        Directory.Exists(left.Path).ShouldBeFalse();
        Directory.Exists(living.Path).ShouldBeTrue();
    }

    [Theory]
    [InlineData("REDIS_SSH_HOST", "-oProxyCommand=touch /tmp/x", "REDIS_SSH_HOST: '-oProxyCommand=touch /tmp/x' is no name of a host")]
    [InlineData("CAUR_SSH_HOST", "a b", "CAUR_SSH_HOST: 'a b' is no name of a host")]
    [InlineData("CAUR_SSH_HOST", "$(id)", "is no name of a host")]
    [InlineData("REDIS_SSH_USER", "-x", "REDIS_SSH_USER: '-x' is no name of a user")]
    [InlineData("REDIS_SSH_PORT", "0", "REDIS_SSH_PORT must be a port from 1 to 65535, not '0'")]
    [InlineData("CAUR_SSH_PORT", "x", "CAUR_SSH_PORT must be a port")]
    [InlineData("CAUR_SSH_KEY", "/nonexistent/key", "CAUR_SSH_KEY names '/nonexistent/key', and there is no such file")]
    [InlineData("CAUR_SSH_KNOWN_HOSTS", "/nonexistent/hosts", "CAUR_SSH_KNOWN_HOSTS names")]
    public void Read_WhenItCannotBeMeant_NamesTheVariable(string name, string value, string said)
    {
        var variables = new Dictionary<string, string> { ["REDIS_SSH_HOST"] = "host", [name] = value };

        Should.Throw<FormatException>(() => SshTunnelOptions.Read(variables.GetValueOrDefault, "127.0.0.1", 8080)).Message.ShouldContain(said);
    }

    [Fact]
    public void Read_Always_TakesTheManualsVariablesAndOursBeforeThem()
    {
        var manuals = new Dictionary<string, string> { ["REDIS_SSH_HOST"] = "host.docker.internal", ["REDIS_SSH_USER"] = "package-deployer" };

        SshTunnelOptions.Read(manuals.GetValueOrDefault, "127.0.0.1", 8080).ShouldNotBeNull().Server.ShouldBe("package-deployer@host.docker.internal:22");
        SshTunnelOptions.Read(new Dictionary<string, string>(manuals) { ["CAUR_SSH_PORT"] = "2222", ["CAUR_SSH_HOST"] = "h" }.GetValueOrDefault, "", 1)!
            .Server.ShouldBe("package-deployer@h:2222");
        SshTunnelOptions.Read(new Dictionary<string, string>(manuals) { ["CAUR_SSH_HOST"] = "none" }.GetValueOrDefault, "", 1).ShouldBeNull();
        SshTunnelOptions.Read(_ => null, "", 1).ShouldBeNull();
    }

    private static async Task<string> ProblemAsync(SshTunnelOptions options) =>
        (await Should.ThrowAsync<SshTunnelException>(SshTunnel.OpenAsync(options, TimeProvider.System, TestContext.Current.CancellationToken))).Message;

    private static List<int> Children(int parent) =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => int.TryParse(name, out _)).Select(int.Parse)
            .Where(id => File.Exists($"/proc/{id}/stat") && Stat(id) is { } stat && stat.Parent == parent && stat.Name == "ssh"),
    ];

    private static (string Name, int Parent)? Stat(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var end = stat.LastIndexOf(')');
            return (stat[(stat.IndexOf('(') + 1)..end], int.Parse(stat[(end + 2)..].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Says back what it hears.</summary>
    private sealed class Echo : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Echo()
        {
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _ = AcceptAsync();
        }

        public int Port { get; }

        public Task FirstConnection => _first.Task;

        public Task<string> AskAsync(SshTunnel tunnel, string text) => AskAsync(tunnel.ConnectAsync(TestContext.Current.CancellationToken), text);

        public Task<string> AskAsync(SshRoute route, string text) => AskAsync(route.ConnectAsync(TestContext.Current.CancellationToken).AsTask(), text);

        public void Dispose() => _listener.Stop();

        private static async Task<string> AskAsync(Task<Stream> connecting, string text)
        {
            await using var stream = await connecting;
            var buffer = new byte[text.Length];
            try
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(text));
                return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false));
            }
            catch (IOException)
            {
                return "";
            }
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var socket = await _listener.AcceptSocketAsync();
                    _first.TrySetResult();
                    _ = SayBackAsync(socket);
                }
            }
            catch (Exception end) when (end is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private static async Task SayBackAsync(Socket socket)
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            var buffer = new byte[1024];
            try
            {
                for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
                {
                    await stream.WriteAsync(buffer.AsMemory(0, read));
                }
            }
            catch (IOException)
            {
                // The other side went.
            }
        }
    }
}
