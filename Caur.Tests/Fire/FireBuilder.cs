using System.Globalization;
using System.Text.RegularExpressions;
using Caur.Silo.Cli;
using Caur.Tests.Link;
using Caur.Tests.Support;

namespace Caur.Tests.Fire;

/// <summary>A builder that things happen to: its process, one after the other, over one folder, and what its name has in the engine.</summary>
internal sealed partial class FireBuilder(FireFarm farm, string name, IReadOnlyDictionary<string, string> variables, NetworkHost? host) : IAsyncDisposable
{
    private readonly string _attempts = Path.Combine(variables.TryGetValue("SHARED_PATH", out var shared) ? shared : Path.Combine(variables["CAUR_DATA"], "builder"), "attempts");
    private BuilderProcess? _process;
    private bool _isClean;

    public string Name => name;

    /// <summary>The host it runs on, where that is not this one.</summary>
    public NetworkHost? Host => host;

    /// <summary>The folders of its attempts, current and not.</summary>
    public IReadOnlyList<string> Attempts
    {
        get
        {
            try
            {
                return Directory.GetDirectories(_attempts);
            }
            catch (DirectoryNotFoundException)
            {
                return [];
            }
        }
    }

    /// <summary>What all its processes said.</summary>
    public string Output { get; private set; } = "";

    public string Said => $"{Output}\n{_process?.Output}";

    public void Start()
    {
        _isClean = false;
        _process = BuilderProcess.Start([], variables, host?.Wrapper);
    }

    public async Task KillAsync()
    {
        await _process!.KillAsync();
        Ended();
    }

    /// <summary>SIGTERM, and waits for the end; nothing of it is left then, unless it leaves it to the next process. Nothing happens to one that has ended.</summary>
    public async Task TerminateAsync()
    {
        if (_process is null)
        {
            return;
        }

        await _process.TerminateAsync();
        (await _process.EndAsync()).ShouldBe(ExitCodes.Ok, Said);
        Ended();
        if (variables.GetValueOrDefault("CAUR_BUILDER_SHUTDOWN") != "leave")
        {
            // The engine goes on removing what the agent had it remove, when its time is up.
            await farm.UntilAsync(async () => (await ContainersAsync()).Length == 0, () => $"that no container of {name} is left; it said:\n{Said}");
            _isClean = true;
        }
    }

    public Task FreezeAsync() => _process!.SignalAsync("STOP");

    public Task ThawAsync() => _process!.SignalAsync("CONT");

    /// <summary>Sees to it that it believes a clock: it says with the time that it was told to take no more, for a moment.</summary>
    public async Task BelievesAsync(SteppedClock clock)
    {
        var before = Drained().Count(Said);
        await farm.DrainAsync(this, drain: true);
        await farm.UntilAsync(() => Task.FromResult(Drained().Count(Said) > before), () => $"that {name} hears of it; it said:\n{Said}");
        var said = Drained().Matches(Said)[^1].Groups[1].Value;
        clock.Shows(TimeSpan.ParseExact(said, @"hh\:mm\:ss", CultureInfo.InvariantCulture)).ShouldBeTrue($"{name} says {said} at {clock.Now}:\n{Said}");
        await farm.DrainAsync(this, drain: false);
        await ReadyAsync();
    }

    /// <summary>The containers that are there of it, running or not.</summary>
    public async Task<string[]> ContainersAsync()
    {
        var listed = await farm.Engine(variables).RunAsync(Listing);
        listed.ExitCode.ShouldBe(0, listed.ToString());
        return NamesIn(listed);
    }

    private string[] Listing => ["ps", "--all", "--filter", $"label=caur.builder={name}", "--format", "{{.Names}}"];

    /// <summary>Waits until it has joined, as the hub sees it.</summary>
    public Task ReadyAsync() => StateAsync("Ready");

    public Task StateAsync(string state) => farm.UntilAsync(async () => await farm.PresenceAsync(name) == state, () => $"that {name} is {state}; it said:\n{Said}");

    /// <summary>Waits until nothing of it is left but what runs.</summary>
    public Task NothingLeftAsync() => farm.UntilAsync(async () => Attempts.Count == 0 && (await ContainersAsync()).Length == 0, () => $"that nothing of {name} is left; it said:\n{Said}");

    public async ValueTask DisposeAsync()
    {
        await CleanUp.AllAsync(
            async () => await (_process?.DisposeAsync() ?? ValueTask.CompletedTask),
            RemoveContainersAsync,
            async () => await (host?.DisposeAsync() ?? ValueTask.CompletedTask));
    }

    /// <summary>Those of a test that failed.</summary>
    private async Task RemoveContainersAsync()
    {
        var engine = farm.Engine(variables);
        if (!_isClean && NamesIn(await engine.CleanUpAsync(Listing)) is { Length: > 0 } left)
        {
            await engine.CleanUpAsync(["rm", "--force", .. left]);
        }
    }

    private static string[] NamesIn(ProcessResult listed) => listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private void Ended()
    {
        Output = Said;
        _process = null;
    }

    [GeneratedRegex(@"(?m)^(\d\d:\d\d:\d\d) .*No more orders are taken")]
    private static partial Regex Drained();
}
