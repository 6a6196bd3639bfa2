using Caur.Builder.Timing;
using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

/// <summary>The session as one attempt uses it: every call is repeated until it is answered, or nothing may be said any more.</summary>
internal sealed partial class AttemptSession(
    IBuilderSession session, AttemptControl control, TimeSpan callTimeout, TimeProvider time, ILogger logger)
{
    public Task<bool> ProgressAsync(AttemptStep step) =>
        RepeatAsync("progress", callTimeout, token => session.ProgressAsync(control.Attempt, step, token));

    public Task<bool> CompleteAsync(AttemptResult result) =>
        RepeatAsync("the result", callTimeout, token => session.CompleteAsync(result, token));

    public Task<UploadReply> UploadAsync(FoundArchive archive, TimeSpan timeout) => RepeatAsync(
        "an archive", timeout, token => session.UploadAsync(control.Attempt, archive.Info, _ => ValueTask.FromResult<Stream>(Open(archive.Path)), token));

    private static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan | FileOptions.Asynchronous);

    private async Task<T> RepeatAsync<T>(string what, TimeSpan timeout, Func<CancellationToken, Task<T>> call)
    {
        var backoff = new Backoff(time);
        while (true)
        {
            control.Silenced.ThrowIfCancellationRequested();
            using var limit = new CancellationTokenSource(timeout, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, control.Silenced);
            try
            {
                return await call(linked.Token).WaitAsync(linked.Token);
            }
            catch (Exception error) when (!control.Silenced.IsCancellationRequested)
            {
                LogRepeated(logger, control.Attempt, what, backoff.Tries + 1, error.Message);
            }

            await backoff.WaitAsync(control.Silenced);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Attempt}: {What} could not be sent (try {Try}) and is sent again: {Problem}")]
    private static partial void LogRepeated(ILogger logger, AttemptRef attempt, string what, int @try, string problem);
}
