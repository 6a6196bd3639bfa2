using System.Globalization;
using System.Text.RegularExpressions;
using Caur.Api.Auth;
using Caur.Builder.Link;
using Caur.Silo.Builders;
using Caur.Tests.Api;
using Caur.Tests.Farm;
using Caur.Tests.Tls;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Caur.Tests.Link;

/// <summary>A real hub without a builder of its own, packages whose builds take as long as a test wants, and builders as processes of their
/// own or in this one.</summary>
public sealed partial class BuilderFarm : IAsyncLifetime
{
    /// <summary>How many lines the package <c>says</c> says.</summary>
    public const int Lines = 60;

    private FarmSetup? _setup;
    private HubProcess? _hub;

    internal FarmSetup Setup => _setup!;

    internal HubProcess Hub => _hub!;

    internal Uri Url => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Setup.Port}/"));

    /// <summary>Who signed the hub's certificate.</summary>
    internal TestAuthority Authority { get; } = new();

    /// <summary>Where the hub speaks TLS.</summary>
    internal Uri SecureUrl => new($"https://localhost:{SecurePort().Match(Hub.Output).Groups[1].Value}/");

    private TokenStore Tokens => new(Path.Combine(Setup.Data, "tokens.json"), TimeProvider.System);

    public async ValueTask InitializeAsync()
    {
        _setup = await FarmSetup.CreateAsync();
        await AddAsync("quick", "true");
        await AddAsync("secured", "true");
        foreach (var name in (string[])["long1", "long2", "long3", "long4"])
        {
            await AddAsync(name, "echo it-runs; for i in {1..300}; do echo; sleep 1; done");
        }

        foreach (var name in (string[])["finished", "left"])
        {
            // Until LetGoAsync.
            await AddAsync(name, "echo it-runs; until [ -e /caur/out/.go ]; do echo; sleep 0.1; done; echo it-ends");
        }

        await AddAsync("says", $"for i in {{1..{Lines}}}; do echo line-$i-of-{Lines}; sleep 0.1; done");
        await Setup.Sources.CommitAsync();
        await StartHubAsync();

        Task AddAsync(string name, string build) => Setup.Sources.AddAsync(name, "pkgver=1.0", $"build() {{ {build}; }}\n{SourceFolder.Program(name)}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_hub is not null)
        {
            await _hub.DisposeAsync();
        }

        _setup?.Dispose();
        Authority.Dispose();
    }

    /// <summary>Starts a hub over the farm's folder, where the one before was.</summary>
    internal async Task StartHubAsync()
    {
        if (_hub is not null)
        {
            await _hub.DisposeAsync();
        }

        // How a builder's containers reach the hub is not what these tests are about.
        var (chain, key) = Authority.Issue(1);
        await File.WriteAllTextAsync(Setup["hub.pem"], chain + key);
        _hub = await Setup.StartHubAsync(("CAUR_TLS_CERTIFICATE", Setup["hub.pem"]), ("CAUR_TLS_PORT", "0"), ("CAUR_SLOTS", "0"), ("CAUR_REPOSITORY_URL", string.Create(CultureInfo.InvariantCulture, $"http://host.docker.internal:{Setup.Port}")));
    }

    internal async Task<string> TokenAsync(string name) => (await Tokens.CreateAsync(TokenRole.Builder, name, null, CancellationToken.None)).Token;

    /// <summary>What a builder's process is told.</summary>
    internal async Task<Dictionary<string, string>> VariablesAsync(string name, Uri? url = null) => new()
    {
        ["CAUR_URL"] = (url ?? Url).ToString(),
        ["CAUR_TOKEN"] = await TokenAsync(name),
        ["CAUR_DATA"] = Setup[name],
        ["CAUR_SLOTS"] = "1",
        ["BUILDER_HOSTNAME"] = name,
        ["DOCKER_HOST"] = $"unix://{Setup.Engine.SocketPath}",
    };

    /// <summary>A builder in this process, told the same.</summary>
    internal static IHost Host(IReadOnlyDictionary<string, string> variables, bool once = false) => BuilderHost.Build(
        new BuilderSettings
        {
            DataFolder = variables["CAUR_DATA"],
            Slots = 1,
            Once = once,
            Variable = name => variables.GetValueOrDefault(name),
            Link = new LinkAgentOptions { Gateway = new Uri(variables["CAUR_URL"]), Token = () => variables["CAUR_TOKEN"] },
        },
        static host => host.Logging.AddFilter<ConsoleLoggerProvider>(null, LogLevel.None));

    internal async Task<string> ScheduleAsync(string package) =>
        (await Hub.ScheduleAsync("sources", "farm", package)).GetProperty("builds")[0].GetProperty("build").GetString()!;

    /// <summary>Sees to it that no later builder gets it.</summary>
    internal async Task CancelAsync(string build)
    {
        if ((await Hub.GetAsync($"/api/v1/builds/{build}")).GetProperty("final").GetBoolean())
        {
            return;
        }

        using var answer = await Hub.Http.PostAsync(new Uri($"/api/v1/builds/{build}/cancel", UriKind.Relative), null);
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync());
    }

    internal async Task<string?> StateAsync(string build) => (await Hub.GetAsync($"/api/v1/builds/{build}")).GetProperty("state").GetString();

    internal Task<string> LogAsync(string build) => Hub.Http.GetStringAsync($"/api/logs/{build.Split('/')[2]}/{build.Split('/')[3]}?follow=false");

    internal Task SaysAsync(string build, string text) => ApiHub.UntilAsync(
        async () => await StateAsync(build) is not "Waiting" && (await LogAsync(build)).Contains(text, StringComparison.Ordinal), $"'{text}' in the log of {build}");

    /// <summary>Whether the farm has a builder of that name.</summary>
    internal async Task<bool> HasAsync(string builder) =>
        (await Hub.Http.GetStringAsync("/api/v1/builders")).Contains($"\"{builder}\"", StringComparison.Ordinal);

    /// <summary>Lets the one build of a builder come to its end, where its package waits for that.</summary>
    internal Task LetGoAsync(string builder)
    {
        var attempt = Directory.GetDirectories(Path.Combine(Setup[builder], "builder", "attempts")).ShouldHaveSingleItem();
        return File.WriteAllTextAsync(Path.Combine(attempt, "out", ".go"), "");
    }

    /// <summary>The containers there are of a builder that has started.</summary>
    internal async Task<string[]> ContainersAsync(string builder)
    {
        var instance = (await File.ReadAllTextAsync(Path.Combine(Setup[builder], "builder", "instance"))).Trim();
        var listed = await Setup.Engine.RunAsync(["ps", "--all", "--quiet", "--filter", $"label=caur.instance={instance}"]);
        return listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    internal async Task RemoveContainersAsync(string builder) => await Setup.Engine.RunAsync(["rm", "--force", .. await ContainersAsync(builder)]);

    [GeneratedRegex(@"The farm is up at [^ ]+ https://[^ ]*:(\d+) ")]
    private static partial Regex SecurePort();
}
