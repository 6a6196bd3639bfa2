using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Caur.Silo.Cli;

namespace Caur.Silo.Demo;

/// <summary>The demo's hub: this executable again, in a session of its own, so that Ctrl-C ends the demo first and it can outlive one.</summary>
internal sealed class HubProcess(DemoFolders folders, TimeProvider time)
{
    /// <summary>The hub gives its agent 25 s to hand back what runs, and itself 40.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    /// <summary>What would lead the demo's hub to another farm's folders and settings.</summary>
    private static readonly string[] Foreign =
    [
        "REPO_PATH", "LANDING_ZONE_PATH", "LANDING_ZONE_ADVERTISED_PATH", "GPG_PATH", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_USER",
        "LOGS_URL", "PACKAGE_REPOS_NOTIFIERS", "TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "SHARED_PATH", "BUILDER_CLASS", "BUILDER_TIMEOUT",
        "CI_CODE_SKIP", "PACKAGER", "CAUR_URL", "CAUR_TOKEN", "CAUR_REPOSITORY_URL", "ASPNETCORE_URLS",
    ];

    private ProcessIdentity? _hub;

    public int Id => _hub?.Id ?? 0;

    /// <summary>Ends a hub that an earlier demo left in these folders: one that was to be kept, or one whose demo was killed.</summary>
    /// <returns>Its process id; null when there was none.</returns>
    public async Task<int?> StopLeftoverAsync()
    {
        if (!File.Exists(folders.HubRecord))
        {
            return null;
        }

        ProcessIdentity? left;
        try
        {
            left = JsonSerializer.Deserialize<ProcessIdentity>(await File.ReadAllTextAsync(folders.HubRecord));
        }
        catch (JsonException)
        {
            left = null;
        }

        var wasAlive = left is { IsAlive: true };
        if (wasAlive && !await left!.StopAsync(StopPatience, time))
        {
            throw new FarmException(ExitCodes.Failed, $"the hub of an earlier demo, process {left.Id}, does not end; end it with: kill -9 {left.Id}");
        }

        File.Delete(folders.HubRecord);
        return wasAlive ? left!.Id : null;
    }

    /// <summary>Starts the hub; it need not be ready yet.</summary>
    public async Task StartAsync(int port, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        var program = Environment.ProcessPath ?? throw new FarmException(ExitCodes.Failed, "this process does not know its own executable");
        var assembly = Environment.GetCommandLineArgs()[0];
        string[] command = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, "exec", assembly] : [program];
        var start = new ProcessStartInfo("/bin/sh")
        {
            // The shell opens the log and becomes setsid, which becomes the hub: one process id all the way.
            ArgumentList = { "-c", "exec setsid \"$@\" >\"$CAUR_DEMO_LOG\" 2>&1 </dev/null", "caur-demo" },
            WorkingDirectory = folders.Root,
        };
        foreach (var word in command.Concat(["database", "--web-port", port.ToString(CultureInfo.InvariantCulture)]))
        {
            start.ArgumentList.Add(word);
        }

        foreach (var name in Foreign)
        {
            start.Environment.Remove(name);
        }

        start.Environment["CAUR_DEMO_LOG"] = folders.HubLog;
        start.Environment["CAUR_DATA"] = folders.Farm;
        start.Environment["CAUR_CONFIG"] = Configuration.ConfigurationFile.None;
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new FarmException(ExitCodes.Failed, "the hub was not started");
        _hub = ProcessIdentity.Of(process.Id) ?? throw new FarmException(ExitCodes.Failed, $"the hub ended at once:\n{await TailAsync()}");
        await File.WriteAllTextAsync(folders.HubRecord, JsonSerializer.Serialize(_hub), cancellationToken);
    }

    /// <summary>Returns when the hub is ready.</summary>
    /// <exception cref="FarmException">It ended, or takes too long; the message has the end of its log.</exception>
    public async Task ReadyAsync(FarmClient farm, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (!await farm.IsReadyAsync(cancellationToken))
        {
            if (_hub is not { IsAlive: true })
            {
                throw new FarmException(ExitCodes.Failed, $"the hub ended before it was ready; the end of {folders.HubLog}:\n{await TailAsync()}");
            }

            if (time.GetElapsedTime(since) > StartPatience)
            {
                throw new FarmException(
                    ExitCodes.Failed, $"the hub is not ready after {StartPatience.TotalMinutes:0} minutes; the end of {folders.HubLog}:\n{await TailAsync()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }
    }

    /// <summary>Does some work, and ends it with a message when the hub ends meanwhile.</summary>
    public async Task<T> WhileAliveAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var task = work(over.Token);
        try
        {
            while (await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(500), time, cancellationToken)) != task)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_hub is not { IsAlive: true })
                {
                    throw new FarmException(ExitCodes.Failed, $"the hub ended in the middle of the demo; the end of {folders.HubLog}:\n{await TailAsync()}");
                }
            }

            return await task;
        }
        finally
        {
            await over.CancelAsync();
            await task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>Ends the hub in order.</summary>
    public async Task StopAsync()
    {
        if (_hub is not null && await _hub.StopAsync(StopPatience, time))
        {
            File.Delete(folders.HubRecord);
        }
    }

    private async Task<string> TailAsync()
    {
        try
        {
            return string.Join('\n', (await File.ReadAllLinesAsync(folders.HubLog)).TakeLast(15).Select(line => $"      {line}"));
        }
        catch (IOException)
        {
            return "      (it said nothing)";
        }
    }
}
