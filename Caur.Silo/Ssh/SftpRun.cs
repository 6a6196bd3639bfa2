using System.Diagnostics;
using System.Globalization;

namespace Caur.Silo.Ssh;

/// <summary>One run of <c>sftp</c>. It ends when it is disposed of, and with this process.</summary>
internal sealed class SftpRun : IAsyncDisposable
{
    private const int LinesKept = 20;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(3);

    private readonly TimeProvider _time;
    private readonly TimeSpan _silence;
    private readonly Process _process;
    private readonly Task<SftpEnd> _ended;

    public SftpRun(IEnumerable<string> command, string batch, TimeSpan silence, TimeProvider time)
    {
        (_silence, _time) = (silence, time);
        _process = SshCommand.Start(command, batch);
        _ended = WatchAsync();
    }

    /// <summary>Waits for its end, which comes when it stands still, too.</summary>
    public async Task<SftpEnd> EndAsync(CancellationToken cancellationToken)
    {
        var (moved, since) = ("", _time.GetTimestamp());
        while (await Task.WhenAny(_ended, Task.Delay(LookEvery, _time, cancellationToken)) != _ended)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Moved() is var now && now != moved)
            {
                (moved, since) = (now, _time.GetTimestamp());
            }
            else if (_time.GetElapsedTime(since) >= _silence)
            {
                return new SftpEnd(false, [string.Create(CultureInfo.InvariantCulture, $"nothing moved for {_silence.TotalSeconds:0} s")]);
            }
        }

        return await _ended;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(EndLimit, _time);
        if (await Task.WhenAny(_ended, Task.Delay(Timeout.InfiniteTimeSpan, _time, limit.Token)) != _ended)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _ended;
        _process.Dispose();
    }

    /// <summary>What it has read so far: of the archive, and what its ssh told it. The two alternate, so that the one is never still for long while
    /// the other goes on.</summary>
    private string Moved()
    {
        try
        {
            return File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/io")).FirstOrDefault() ?? "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has just ended.
            return "";
        }
    }

    private async Task<SftpEnd> WatchAsync()
    {
        var output = _process.StandardOutput.ReadToEndAsync();
        var said = new Queue<string>();
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            if (line.Trim() is { Length: > 0 } text)
            {
                said.Enqueue(text);
                if (said.Count > LinesKept)
                {
                    said.Dequeue();
                }
            }
        }

        await output;
        await _process.WaitForExitAsync();
        return new SftpEnd(_process.ExitCode == 0, _process.ExitCode == SshCommand.NotFound ? null : [.. said]);
    }
}

/// <summary>How a run of sftp ended.</summary>
/// <param name="IsOk">Whether all was done.</param>
/// <param name="Said">What it said on its error output, the oldest line first; null when there is no such program.</param>
internal sealed record SftpEnd(bool IsOk, IReadOnlyList<string>? Said);
