using System.Diagnostics;
using System.Globalization;
using Caur.Contracts.Ids;
using Caur.Tests.Support;

namespace Caur.Tests.Logs;

/// <summary>A <see cref="LogHub"/> as its parent sees it.</summary>
internal sealed class LogHubProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private readonly TaskCompletionSource<Uri> _url = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _watched;
    private long _acknowledged;

    private LogHubProcess(Process process, long watched)
    {
        _process = process;
        _watched = watched;
        _reading = ReadAsync();
    }

    public Task<Uri> Url => _url.Task;

    /// <summary>The log is finished.</summary>
    public Task Ended => _ended.Task;

    /// <summary>As many bytes were acknowledged as the parent waits for.</summary>
    public Task Reached => _reached.Task;

    /// <summary>How much of the output was acknowledged.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    public static LogHubProcess Start(string folder, BuildId build, int seed, long length, long watched = long.MaxValue) => new(
        TestChild.Start(
            typeof(LogHub),
            folder,
            build.ToString(),
            seed.ToString(CultureInfo.InvariantCulture),
            length.ToString(CultureInfo.InvariantCulture)),
        watched);

    /// <summary>The most memory it ever had at once, in bytes.</summary>
    public async Task<long> PeakMemoryAsync()
    {
        var status = await File.ReadAllLinesAsync($"/proc/{_process.Id}/status");
        var peak = status.Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return long.Parse(peak[^2], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Kills it with signal 9 and reads what it had said.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["url", var url]:
                    _url.TrySetResult(new Uri(url));
                    break;
                case ["acknowledged", var text] when long.TryParse(text, CultureInfo.InvariantCulture, out var bytes):
                    // Less than before after a cut off line only.
                    Interlocked.Exchange(ref _acknowledged, Math.Max(bytes, _acknowledged));
                    if (bytes >= _watched)
                    {
                        _reached.TrySetResult();
                    }

                    break;
                case ["ended"]:
                    _ended.TrySetResult();
                    _reached.TrySetResult();
                    break;
            }
        }

        var gone = new IOException("The hub's process has ended");
        _url.TrySetException(gone);
        _ended.TrySetException(gone);
        _reached.TrySetException(gone);
    }
}
