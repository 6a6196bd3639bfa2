using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Caur.Storage.Processes;

namespace Caur.Benchmarks.Rows;

/// <summary>The executable <c>caur</c> as a process of its own.</summary>
internal static class CaurProcess
{
    /// <summary>The one that is compiled ahead, as on a farm's machine, where <c>./caur bench</c> could make it.</summary>
    public static string Assembly => Path.Combine(
        Environment.GetEnvironmentVariable("CAUR_BENCH_PROGRAM") is { Length: > 0 } ahead ? ahead : AppContext.BaseDirectory, "caur.dll");

    /// <summary>Runs a verb to its end.</summary>
    public static Task<ProcessResult> RunAsync(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string?>? environment, CancellationToken cancellationToken) =>
        new ProcessRunner(TimeProvider.System).RunAsync(
            new ProcessRequest
            {
                FileName = "dotnet",
                Arguments = ["exec", Assembly, .. arguments],
                Environment = environment ?? new Dictionary<string, string?>(),
            },
            cancellationToken);
}

/// <summary>A hub without an agent: <c>caur database --slots 0</c>.</summary>
internal sealed partial class HubProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(45);

    private readonly Process _process;
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _last = "";

    private HubProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public HttpClient Http { get; private set; } = null!;

    public string Token { get; private set; } = "";

    public Uri Url => Http.BaseAddress!;

    /// <summary>Starts one and waits until it is up.</summary>
    public static async Task<HubProcess> StartAsync(string data, string source, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", CaurProcess.Assembly, "database", "--web-port", "0", "--data", data, "--slots", "0"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["PACKAGE_REPOS"] = $$$"""{"packages":{"url":"{{{source}}}"}}""";
        start.Environment["PACKAGE_TARGET_REPOS"] = """{"farm":{}}""";
        var hub = new HubProcess(Process.Start(start)!);
        hub._process.OutputDataReceived += (_, line) => hub.Read(line.Data);
        hub._process.ErrorDataReceived += (_, line) => hub.Read(line.Data);
        hub._process.BeginOutputReadLine();
        hub._process.BeginErrorReadLine();
        var ended = hub._process.WaitForExitAsync(cancellationToken);
        if (await Task.WhenAny(hub._port.Task, ended) == ended)
        {
            throw new InvalidOperationException($"The hub ended at its start: {hub._last}");
        }

        var port = await hub._port.Task;
        hub.Token = (await File.ReadAllTextAsync(Path.Combine(data, "admin.token"), cancellationToken)).Trim();
        hub.Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(5) };
        hub.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", hub.Token);
        return hub;
    }

    /// <summary>A line of /proc/PID/status, in MiB.</summary>
    public double Memory(string field)
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith($"{field}:", StringComparison.Ordinal));
        return double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (!_process.HasExited)
        {
            // In order, so that gpg's agent goes too.
            using var term = Process.Start("kill", ["-TERM", string.Create(CultureInfo.InvariantCulture, $"{_process.Id}")]);
            await term.WaitForExitAsync();
            using var limit = new CancellationTokenSource(StopTime, TimeProvider.System);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }

        _process.Dispose();
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            return;
        }

        _last = line;
        if (UpLine().Match(line) is { Success: true } up)
        {
            _port.TrySetResult(int.Parse(up.Groups[1].Value, CultureInfo.InvariantCulture));
        }
    }

    [GeneratedRegex(@"The farm is up at http://[^ ]*:(\d+) ")]
    private static partial Regex UpLine();
}
