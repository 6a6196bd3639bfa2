using System.Globalization;
using System.Net;
using Caur.Api.Logs;
using Microsoft.Extensions.Logging;

namespace Caur.Silo.Web;

/// <summary>One build's log as far as it is here, and the one connection over which it comes from the hub: one however many read it. When that
/// breaks it goes on at the byte that it has, again and again; only the hub's word ends the log.</summary>
internal sealed partial class LogMirror(string build, PartFile part, HubConnection hub, Caller caller, TimeProvider clock, ILogger logger)
    : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly string _path = PathOf(build);
    private volatile Growth _growth = new(0, Ended: false, Broken: null);

    /// <summary>How far it is. Whoever has read that far waits for <see cref="Growth.Next"/> and looks again.</summary>
    public Growth Now => _growth;

    /// <summary>How many read it; its owner counts.</summary>
    public int Readers { get; set; }

    /// <summary>Where the hub has a build's log.</summary>
    /// <param name="build">As <see cref="LogEndpoints.BuildHeader"/> names it: target/arch/pkgbase/timestamp.</param>
    public static string PathOf(string build)
    {
        var parts = build.Split('/');
        return $"/api/logs/{Uri.EscapeDataString(parts[^2])}/{Uri.EscapeDataString(parts[^1])}";
    }

    public ValueTask<int> ReadAsync(Memory<byte> bytes, long offset, CancellationToken cancellationToken) => part.ReadAsync(bytes, offset, cancellationToken);

    /// <summary>Follows the log until it is over, or until nobody wants it any more.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        try
        {
            while (true)
            {
                var before = part.Length;
                if (await TryFollowAsync(cancellationToken))
                {
                    return;
                }

                pause = part.Length > before ? FirstPause : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
                await Task.Delay(pause * (0.5 + (Random.Shared.NextDouble() / 2)), clock, cancellationToken);
            }
        }
        catch (Exception error)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                LogBroken(logger, build, error.Message);
            }

            Grow(new Growth(part.Length, Ended: false, Broken: error));
        }
    }

    public void Dispose() => part.Dispose();

    /// <returns>True when the log is over; false when the connection broke, or none came about.</returns>
    /// <exception cref="InvalidDataException">The hub has not this log any more.</exception>
    private async Task<bool> TryFollowAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var request = Request(HttpMethod.Get);
            using var answer = await hub.SendAsync(request, cancellationToken);
            if (!IsIt(answer))
            {
                return false;
            }

            await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
            {
                await AppendAsync(buffer.AsMemory(0, read), cancellationToken);
            }

            // What lies in between may end well what broke off behind it.
            using var again = Request(HttpMethod.Head);
            using var end = await hub.SendAsync(again, cancellationToken);
            if (!IsIt(end) || !end.Content.Headers.NonValidated.TryGetValues("Content-Length", out var left) || left.ToString() != "0")
            {
                return false;
            }

            Commit(PassedHeaders.Of(answer));
            return true;
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            return false;
        }
    }

    private HttpRequestMessage Request(HttpMethod method)
    {
        var request = hub.Request(method, string.Create(CultureInfo.InvariantCulture, $"{_path}?offset={part.Length}"));
        caller.Introduce(request, hub.Name);
        return request;
    }

    private bool IsIt(HttpResponseMessage answer)
    {
        if ((int)answer.StatusCode is 408 or 429 or >= 500)
        {
            return false;
        }

        return answer.StatusCode == HttpStatusCode.OK && answer.Headers.TryGetValues(LogEndpoints.BuildHeader, out var named) && named.SequenceEqual([build])
            ? true
            : throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture, $"the hub answers {(int)answer.StatusCode} for what comes behind byte {part.Length} of it"));
    }

    private async Task AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await part.AppendAsync(bytes, cancellationToken);
        }
        catch (IOException full)
        {
            throw new InvalidDataException($"the cache cannot be written: {full.Message}", full);
        }

        Grow(new Growth(part.Length, Ended: false, Broken: null));
    }

    private void Commit(Dictionary<string, string[]> headers)
    {
        try
        {
            part.Commit(headers);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Those who read it have all of it; the next ones ask the hub.
            LogNotKept(logger, build, error.Message);
        }

        Grow(new Growth(part.Length, Ended: true, Broken: null));
    }

    private void Grow(Growth next)
    {
        var before = _growth;
        _growth = next;
        before.Happened();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log of {Build} is not followed any more: {Problem}")]
    private static partial void LogBroken(ILogger logger, string build, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log of {Build} is not kept: {Problem}")]
    private static partial void LogNotKept(ILogger logger, string build, string problem);

    /// <summary>How far a log is.</summary>
    /// <param name="Length">So many bytes are here.</param>
    /// <param name="Ended">That is all of it.</param>
    /// <param name="Broken">Why no more comes, though it is not all; null while more may come.</param>
    internal sealed record Growth(long Length, bool Ended, Exception? Broken)
    {
        private readonly TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends when it is farther.</summary>
        public Task Next => _next.Task;

        public void Happened() => _next.SetResult();
    }
}
