using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Caur.Tests.Api;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Grafana;

/// <summary>A real Prometheus on a free port that reads a farm every second, as the job <c>caur</c>: under two names, so that each series comes
/// from two instances, as from a cluster whose processes tell the same.</summary>
internal sealed partial class PrometheusServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly Process _process;
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _said = "";

    private PrometheusServer(TemporaryFolder folder, Process process) => (_folder, _process) = (folder, process);

    private HttpClient Http { get; set; } = null!;

    /// <summary>Starts it, and waits until it has read the farm often enough for rates.</summary>
    /// <param name="farm">Where the farm is.</param>
    /// <param name="rules">A file of rules, which it goes through every second.</param>
    public static async Task<PrometheusServer> StartAsync(Uri farm, string rules)
    {
        Requirement.Program("prometheus");
        var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["prometheus.yml"], $"""
            global:
              scrape_interval: 1s
              evaluation_interval: 1s
            rule_files: ['{rules}']
            scrape_configs:
              - job_name: caur
                static_configs:
                  - targets: ['127.0.0.1:{farm.Port}', 'localhost:{farm.Port}']

            """);
        var start = new ProcessStartInfo(
            "prometheus", [$"--config.file={folder["prometheus.yml"]}", $"--storage.tsdb.path={folder["data"]}", "--web.listen-address=127.0.0.1:0"])
        {
            RedirectStandardError = true,
        };
        var server = new PrometheusServer(folder, Process.Start(start)!);
        try
        {
            server._process.ErrorDataReceived += (_, line) => server.Read(line.Data);
            server._process.BeginErrorReadLine();
            server.Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{await server._port.Task.DefaultTimeout("the port of Prometheus")}") };
            await ApiHub.UntilAsync(async () => (await server.TryQueryAsync("""sum_over_time(up{job="caur"}[1m]) >= 4""")).Count == 2, $"four scrapes ({server._said})");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The series that a query finds now.</summary>
    public async Task<IReadOnlyList<JsonElement>> QueryAsync(string query)
    {
        var answer = await GetAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}");
        answer.GetProperty("status").GetString().ShouldBe("success", $"{query}: {answer}");
        var data = answer.GetProperty("data");
        return data.GetProperty("resultType").GetString() == "scalar" ? [data] : [.. data.GetProperty("result").EnumerateArray()];
    }

    /// <summary>The type of every metric that the farm shows, by the name of its family.</summary>
    public async Task<IReadOnlyDictionary<string, string>> TypesAsync() => (await GetAsync("/api/v1/metadata")).GetProperty("data").EnumerateObject()
        .ToDictionary(metric => metric.Name, metric => metric.Value[0].GetProperty("type").GetString()!);

    /// <summary>The rules with how each stands.</summary>
    public async Task<IReadOnlyList<JsonElement>> RulesAsync() =>
        [.. (await GetAsync("/api/v1/rules")).GetProperty("data").GetProperty("groups").EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray())];

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _folder.Dispose();
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await Http.GetAsync(path);
        if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            throw new HttpRequestException("Prometheus is not ready");
        }

        return JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync());
    }

    private async Task<IReadOnlyList<JsonElement>> TryQueryAsync(string query)
    {
        try
        {
            return await QueryAsync(query);
        }
        catch (HttpRequestException)
        {
            // It is not ready yet.
            return [];
        }
    }

    private void Read(string? line)
    {
        _said += $"{line}\n";
        if (line is not null && ListeningLine().Match(line) is { Success: true } match)
        {
            _port.TrySetResult(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        }
    }

    [GeneratedRegex(@"Listening on"".* address=127\.0\.0\.1:(\d+)")]
    private static partial Regex ListeningLine();
}
