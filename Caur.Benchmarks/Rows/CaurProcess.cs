using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Caur.Api.Builders;
using Caur.Api.Hosting;
using Caur.Api.Paging;
using Caur.Storage.Processes;

namespace Caur.Benchmarks.Rows;

/// <summary>The executable <c>caur</c> as a process of its own.</summary>
internal static class CaurProcess
{
    /// <summary>The one that is compiled ahead, as on a farm's machine, where <c>./caur bench</c> could make it; else what the build made.</summary>
    private static readonly string[] Command = Environment.GetEnvironmentVariable("CAUR_BENCH_PROGRAM") is { Length: > 0 } ahead
        ? [Path.Combine(ahead, "caur")]
        : ["dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "caur.dll")];

    /// <summary>How a verb is started.</summary>
    public static ProcessStartInfo Start(params IEnumerable<string> arguments) => new(Command[0], [.. Command[1..], .. arguments]);

    /// <summary>Runs a verb to its end.</summary>
    public static Task<ProcessResult> RunAsync(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string?>? environment, CancellationToken cancellationToken) =>
        new ProcessRunner(TimeProvider.System).RunAsync(
            new ProcessRequest
            {
                FileName = Command[0],
                Arguments = [.. Command[1..], .. arguments],
                Environment = environment ?? new Dictionary<string, string?>(),
            },
            cancellationToken);
}

/// <summary>What a process takes.</summary>
internal static class ProcessMemory
{
    /// <summary>A line of /proc/PID/status, in MiB.</summary>
    public static double Of(int process, string field)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith($"{field}:", StringComparison.Ordinal));
        return double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}

/// <summary>A hub without an agent: <c>caur database --slots 0</c>.</summary>
internal sealed partial class HubProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(45);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = ApiNames.Policy };

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
        var start = CaurProcess.Start("database", "--web-port", "0", "--data", data, "--slots", "0");
        (start.RedirectStandardOutput, start.RedirectStandardError, start.RedirectStandardInput) = (true, true, true);
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
    public double Memory(string field) => ProcessMemory.Of(_process.Id, field);

    /// <summary>A builder as it is shown, whatever its instance; null when it is not.</summary>
    public async Task<BuilderBody?> BuilderAsync(string name, CancellationToken cancellationToken) =>
        (await Http.GetFromJsonAsync<Page<BuilderBody>>("/api/v1/builders", Json, cancellationToken))!
        .Items.FirstOrDefault(builder => builder.Builder.Name == name);

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
