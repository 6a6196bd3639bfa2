using System.Diagnostics;
using System.Text.Json;
using Caur.Silo.Cli;

namespace Caur.Silo.Demo;

/// <summary>A process of the demo: this executable again, in a session of its own, so that Ctrl-C ends the demo first and it can outlive
/// one. What it is is written down, so that a later demo ends what a killed one left.</summary>
/// <param name="what">What it is called: the hub, a builder's name.</param>
/// <param name="log">The file that it writes to.</param>
/// <param name="record">The file that says which process it is.</param>
/// <param name="time">The clock.</param>
internal sealed class DemoProcess(string what, string log, string record, TimeProvider time)
{
    /// <summary>The hub and an agent give what runs 25 s to be handed back, and themselves 40.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(45);

    /// <summary>What would lead the demo's processes to another farm's folders and settings.</summary>
    private static readonly string[] Foreign =
    [
        "REPO_PATH", "LANDING_ZONE_PATH", "LANDING_ZONE_ADVERTISED_PATH", "GPG_PATH", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_USER",
        "LOGS_URL", "PACKAGE_REPOS_NOTIFIERS", "TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "SHARED_PATH", "BUILDER_CLASS", "BUILDER_TIMEOUT",
        "CI_CODE_SKIP", "PACKAGER", "CAUR_URL", "CAUR_TOKEN", "CAUR_TOKEN_FILE", "CAUR_REPOSITORY_URL", "ASPNETCORE_URLS", "REDIS_SSH_HOST",
        "CAUR_SSH_HOST", "CAUR_TLS_CERTIFICATE", "CAUR_HTTP",
    ];

    private ProcessIdentity? _process;

    public int Id => _process?.Id ?? 0;

    public bool IsAlive => _process is { IsAlive: true };

    /// <summary>Ends one that an earlier demo left: one that was to be kept, or one whose demo was killed.</summary>
    /// <returns>Its process id; null when there was none.</returns>
    public async Task<int?> StopLeftoverAsync()
    {
        if (!File.Exists(record))
        {
            return null;
        }

        ProcessIdentity? left;
        try
        {
            left = JsonSerializer.Deserialize<ProcessIdentity>(await File.ReadAllTextAsync(record));
        }
        catch (JsonException)
        {
            left = null;
        }

        var wasAlive = left is { IsAlive: true };
        if (wasAlive && !await left!.StopAsync(StopPatience, time))
        {
            throw new FarmException(ExitCodes.Failed, $"{what} of an earlier demo, process {left.Id}, does not end; end it with: kill -9 {left.Id}");
        }

        File.Delete(record);
        return wasAlive ? left!.Id : null;
    }

    /// <summary>Starts it; it need not be ready yet.</summary>
    public async Task StartAsync(IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        var program = Environment.ProcessPath ?? throw new FarmException(ExitCodes.Failed, "this process does not know its own executable");
        var assembly = Environment.GetCommandLineArgs()[0];
        string[] command = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, "exec", assembly] : [program];
        var start = new ProcessStartInfo("/bin/sh")
        {
            // The shell opens the log and becomes setsid, which becomes the program: one process id all the way.
            ArgumentList = { "-c", "exec setsid \"$@\" >>\"$CAUR_DEMO_LOG\" 2>&1 </dev/null", "caur-demo" },
            WorkingDirectory = Path.GetDirectoryName(log)!,
        };
        foreach (var word in command.Concat(arguments))
        {
            start.ArgumentList.Add(word);
        }

        foreach (var name in Foreign)
        {
            start.Environment.Remove(name);
        }

        start.Environment["CAUR_DEMO_LOG"] = log;
        start.Environment["CAUR_CONFIG"] = Configuration.ConfigurationFile.None;
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new FarmException(ExitCodes.Failed, $"{what} was not started");
        _process = ProcessIdentity.Of(process.Id) ?? throw new FarmException(ExitCodes.Failed, $"{what} ended at once:\n{await TailAsync()}");
        await File.WriteAllTextAsync(record, JsonSerializer.Serialize(_process), cancellationToken);
    }

    /// <summary>Ends it in order.</summary>
    public async Task StopAsync()
    {
        if (_process is not null && await _process.StopAsync(StopPatience, time))
        {
            File.Delete(record);
        }
    }

    /// <summary>Ends it as a power cut would.</summary>
    public Task KillAsync() => _process is null ? Task.CompletedTask : _process.StopAsync(TimeSpan.Zero, time);

    /// <summary>What went wrong, with the end of its log.</summary>
    public async Task<FarmException> FailedAsync(string how) => new(ExitCodes.Failed, $"{what} {how}; the end of {log}:\n{await TailAsync()}");

    private async Task<string> TailAsync()
    {
        try
        {
            return string.Join('\n', (await File.ReadAllLinesAsync(log)).TakeLast(15).Select(line => $"      {line}"));
        }
        catch (IOException)
        {
            return "      (it said nothing)";
        }
    }
}
