using System.Globalization;
using System.Net;

namespace Caur.Tests.Logs;

/// <summary>Where a gateway is now, or will be when it is back.</summary>
internal sealed class GatewayDoor
{
    private volatile TaskCompletionSource<Uri> _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Uri> Url => _open.Task;

    public void Open(Uri url) => _open.SetResult(url);

    public void Close() => _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Reads a log over HTTP from an offset to its end and holds every byte against what the log has to be. Whenever its connection
/// breaks, it goes on at the offset that it has.</summary>
internal sealed class LogFollower(HttpClient http, GatewayDoor door, LogModel model, string path, long start)
{
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>Behind the last byte that was received.</summary>
    public long Offset => start + Received;

    public long Received { get; private set; }

    public int Connections { get; private set; }

    /// <summary>How many bytes it takes at once.</summary>
    public int AtOnce { get; set; } = 64 * 1024;

    /// <summary>Called with the offset after each read; a task that takes long makes a slow follower.</summary>
    public Func<long, Task> AfterRead { get; init; } = _ => Task.CompletedTask;

    /// <summary>Whether it hangs up at an offset, without a word; it calls again.</summary>
    public Func<long, bool> HangsUp { get; init; } = _ => false;

    /// <summary>Follows until the log's end.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!await ConnectAsync(cancellationToken))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancellationToken);
        }

        // What begins behind the end gets nothing.
        Received.ShouldBe(Math.Max(0, model.Length - start));
    }

    /// <returns>True when the log ended; false when the connection broke.</returns>
    private async Task<bool> ConnectAsync(CancellationToken cancellationToken)
    {
        var url = new Uri(await door.Url.WaitAsync(cancellationToken), string.Create(CultureInfo.InvariantCulture, $"{path}?offset={Offset}"));
        try
        {
            using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                Offset.ShouldBeGreaterThan(model.Length);
                return true;
            }

            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                // As many streams as one address may have are open while those that hung up are not yet noticed: it asks again, as told.
                response.Headers.RetryAfter.ShouldNotBeNull();
                return false;
            }

            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            Connections++;
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (await body.ReadAsync(_buffer.AsMemory(0, AtOnce), cancellationToken) is var read and > 0)
            {
                model.Verify(Offset, _buffer.AsSpan(0, read));
                Received += read;
                await AfterRead(Offset);
                if (HangsUp(Offset))
                {
                    return false;
                }
            }

            return true;
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
