using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Caur.Tests.Support;

namespace Caur.Tests.Farm;

/// <summary>A real hub: <c>caur database</c> as a process of its own, on a free port, over a data folder that outlives it.</summary>
internal sealed partial class HubProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool _isDisposed;

    private HubProcess(Process process) => _process = process;

    public HttpClient Http { get; private set; } = null!;

    /// <summary>The number of the process.</summary>
    public int Id => _process.Id;

    public bool HasEnded => _isDisposed || _process.HasExited;

    public string Output => string.Join('\n', _output);

    public static async Task<HubProcess> StartAsync(string dataFolder, int port, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(
            "dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "caur.dll"), "database", "--web-port", $"{port}", "--data", dataFolder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var hub = new HubProcess(Process.Start(start)!);
        try
        {
            await hub.BeginAsync(dataFolder);
            return hub;
        }
        catch
        {
            // Nobody else knows it.
            await hub.DisposeAsync();
            throw;
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().DefaultTimeout("the end of the killed hub");
    }

    /// <summary>SIGTERM, as systemd does; returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        (await Processes.RunAsync("kill", ["-TERM", $"{_process.Id}"])).ExitCode.ShouldBe(0);
        await _process.WaitForExitAsync().DefaultTimeout($"the end of the hub after SIGTERM; it said:\n{Output}");
        return _process.ExitCode;
    }

    public Task<JsonElement> ScheduleAsync(string source, string target, params string[] packages) => PostAsync(
        "/api/queue/schedule",
        packages is ["all"]
            ? new { source_repo = source, target_repo = target, all = true }
            : new { source_repo = source, target_repo = target, packages = packages.Select(package => new { pkgbase = package }) });

    public async Task<JsonElement> PostAsync(string path, object? body)
    {
        using var answer = await Http.PostAsJsonAsync(path, body);
        var text = await answer.Content.ReadAsStringAsync();
        answer.IsSuccessStatusCode.ShouldBeTrue($"{path}: {(int)answer.StatusCode} {text}\n{Output}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    public Task<JsonElement> GetAsync(string path) => Http.GetFromJsonAsync<JsonElement>(path);

    /// <summary>Waits until a build is final or held.</summary>
    public async Task<JsonElement> SettledAsync(string build, TimeSpan limit)
    {
        using var end = new CancellationTokenSource(limit, TimeProvider.System);
        while (true)
        {
            var view = await GetAsync($"/api/v1/builds/{Uri.EscapeDataString(build).Replace("%2F", "/", StringComparison.Ordinal)}");
            if (view.GetProperty("final").GetBoolean() || view.GetProperty("wait").GetString() == "Held")
            {
                return view;
            }

            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, end.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"{build} is still {view} after {limit}; the hub said:\n{Output}");
            }
        }
    }

    /// <summary>Ends it, if it has not ended; more than once is as once.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        Http?.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task BeginAsync(string dataFolder)
    {
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var ended = _process.WaitForExitAsync();
        if (await Task.WhenAny((Task)_port.Task, ended).Timeout(StartTime, "the start of the hub") == ended)
        {
            throw new InvalidOperationException($"The hub ended at its start:\n{Output}");
        }

        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{await _port.Task}"), Timeout = TimeSpan.FromMinutes(2) };
        Http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(dataFolder, "admin.token"))).Trim());
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        if (UpLine().Match(line) is { Success: true } up)
        {
            _port.TrySetResult(int.Parse(up.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [GeneratedRegex(@"The farm is up at http://[^ ]*?:(\d+)[ ,]")]
    private static partial Regex UpLine();
}
