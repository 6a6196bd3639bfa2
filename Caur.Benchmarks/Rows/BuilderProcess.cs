using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Caur.Benchmarks.Rows;

/// <summary><c>caur builder</c> as a process of its own, that joined a hub over the builder link.</summary>
internal sealed class BuilderProcess : IAsyncDisposable
{
    private readonly Process _process;
    private string _last = "";

    private BuilderProcess(Process process) => _process = process;

    /// <summary>Starts one, and waits until the hub shows it.</summary>
    public static async Task<BuilderProcess> StartAsync(HubProcess hub, string name, int slots, string folder, CancellationToken cancellationToken)
    {
        using var answer = await hub.Http.PostAsJsonAsync("/api/v1/tokens", new { role = "builder", name }, cancellationToken);
        answer.EnsureSuccessStatusCode();
        var token = (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("token").GetString();
        var start = CaurProcess.Start("builder", "--slots", string.Create(CultureInfo.InvariantCulture, $"{slots}"), "--data", folder);
        (start.RedirectStandardOutput, start.RedirectStandardError, start.RedirectStandardInput) = (true, true, true);
        start.Environment["CAUR_URL"] = hub.Url.ToString();
        start.Environment["CAUR_TOKEN"] = token;
        start.Environment["BUILDER_HOSTNAME"] = name;
        var builder = new BuilderProcess(Process.Start(start)!);
        builder._process.OutputDataReceived += (_, line) => builder._last = line.Data ?? builder._last;
        builder._process.ErrorDataReceived += (_, line) => builder._last = line.Data ?? builder._last;
        builder._process.BeginOutputReadLine();
        builder._process.BeginErrorReadLine();
        while (await hub.BuilderAsync(name, cancellationToken) is null)
        {
            if (builder._process.HasExited)
            {
                throw new InvalidOperationException($"The builder ended at its start: {builder._last}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }

        return builder;
    }

    /// <summary>What it takes, resident, in MiB.</summary>
    public double Memory => ProcessMemory.Of(_process.Id, "VmRSS");

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>It neither runs nor ends: its connections stay open, and nothing comes over them.</summary>
    public async Task FreezeAsync(CancellationToken cancellationToken)
    {
        using var stop = Process.Start("kill", ["-STOP", string.Create(CultureInfo.InvariantCulture, $"{_process.Id}")]);
        await stop.WaitForExitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
