using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Silo.Hub;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;

namespace Caur.Tests.Cli;

/// <summary>The real hub in this process, as <c>caur database</c> composes it, on a free port, without builders: what is queued waits. Its
/// source repository is a real git repository with the folders <c>hello</c>, <c>hello-more</c> (which depends on it) and <c>other</c>;
/// its environment is that of the manual's example.</summary>
[SupportedOSPlatform("linux")]
public sealed class CliHub : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private WebApplication? _app;

    internal string Url => _app!.Urls.Single().Replace("[::]", "127.0.0.1", StringComparison.Ordinal);

    internal string Token { get; private set; } = "";

    internal string Data => _folder["data"];

    /// <summary>The source repository.</summary>
    internal string Source => _folder["pkgbuilds"];

    /// <summary>The newest commit of the source repository.</summary>
    internal string Commit { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var source = Source;
        foreach (var (name, depends) in ((string, string)[])[("hello", ""), ("hello-more", "\tdepends = hello\n"), ("other", "")])
        {
            Directory.CreateDirectory(Path.Combine(source, name));
            await File.WriteAllTextAsync(Path.Combine(source, name, "PKGBUILD"), $"pkgname={name}\n");
            await File.WriteAllTextAsync(
                Path.Combine(source, name, ".SRCINFO"), $"pkgbase = {name}\n\tpkgver = 1\n\tpkgrel = 1\n\tarch = any\n{depends}\npkgname = {name}\n");
        }

        await GitAsync(source, "init", "--quiet", "--initial-branch=main", ".");
        await GitAsync(source, "add", "--all");
        await GitAsync(source, "-c", "user.name=Some One", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "packages");
        Commit = (await GitAsync(source, "rev-parse", "HEAD")).Trim();

        var variables = ManualText.ManagerEnvironment();
        variables["PACKAGE_REPOS"] = JsonSerializer.Serialize(new Dictionary<string, object> { ["awesome-repo"] = new { url = source } });

        // The example's folders are the operator's.
        foreach (var name in (string[])["GPG_PATH", "LANDING_ZONE_PATH", "REPO_PATH"])
        {
            variables[name] = _folder[name];
        }

        _app = QuietHub.Build(new HubSettings { DataFolder = Data, WebPort = 0, RunAgent = false, Variable = variables.GetValueOrDefault });
        await _app.StartAsync();
        using (var http = new HttpClient { BaseAddress = new Uri(Url) })
        {
            await UntilReadyAsync(http).DefaultTimeout("the hub's being ready");
        }

        Token = (await File.ReadAllTextAsync(Path.Combine(Data, "admin.token"))).Trim();
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        _folder.Dispose();
    }

    /// <summary>Runs <c>caur</c> as an admin, with further environment.</summary>
    internal Task<CliRun> RunAsync(string[] arguments, params (string Name, string Value)[] more)
    {
        var variables = new Dictionary<string, string> { ["CAUR_URL"] = Url, ["CAUR_TOKEN"] = Token };
        foreach (var (name, value) in more)
        {
            variables[name] = value;
        }

        return CliRun.RunAsync(arguments, variables);
    }

    /// <summary>Runs a command line as somebody would type it: words between blanks.</summary>
    internal Task<CliRun> RunAsync(string line) => RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static async Task UntilReadyAsync(HttpClient http)
    {
        while (true)
        {
            using var answer = await http.GetAsync("/health/ready");
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }

    private static async Task<string> GitAsync(string folder, params string[] arguments)
    {
        var result = await Processes.RunAsync("git", ["-c", "safe.directory=*", .. arguments], folder: folder);
        result.ExitCode.ShouldBe(0, result.ToString());
        return result.Output;
    }
}

/// <summary>One hub for the tests of the verbs, which come one after the other.</summary>
[CollectionDefinition(nameof(CliHub))]
[SupportedOSPlatform("linux")]
public sealed class CliHubTests : ICollectionFixture<CliHub>;
