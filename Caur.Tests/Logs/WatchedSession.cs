using Caur.Protocol.Builders;

namespace Caur.Tests.Logs;

/// <summary>A session whose answers to chunks somebody looks at, and whose first failure.</summary>
internal sealed class WatchedSession(IBuilderSession inner, Func<LogReply, Task> answered) : IBuilderSession
{
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Exception> Failed => _failed.Task;

    public async Task<LogReply> AppendLogAsync(LogChunk chunk, CancellationToken cancellationToken)
    {
        try
        {
            var reply = await inner.AppendLogAsync(chunk, cancellationToken);
            await answered(reply);
            return reply;
        }
        catch (Exception failure)
        {
            _failed.TrySetResult(failure);
            throw;
        }
    }

    public Task<HelloReply> HelloAsync(BuilderHello hello, IBuilderAgent agent, CancellationToken cancellationToken) =>
        inner.HelloAsync(hello, agent, cancellationToken);

    public Task<IReadOnlyList<BuildOrder>> TakeAsync(int freeSlots, CancellationToken cancellationToken) => inner.TakeAsync(freeSlots, cancellationToken);

    public Task<bool> AcceptAsync(AttemptRef attempt, CancellationToken cancellationToken) => inner.AcceptAsync(attempt, cancellationToken);

    public Task<RenewReply> RenewAsync(IReadOnlyList<AttemptRef> running, CancellationToken cancellationToken) => inner.RenewAsync(running, cancellationToken);

    public Task<bool> ProgressAsync(AttemptRef attempt, AttemptStep step, CancellationToken cancellationToken) =>
        inner.ProgressAsync(attempt, step, cancellationToken);

    public Task<UploadReply> UploadAsync(
        AttemptRef attempt, ArchiveInfo archive, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken cancellationToken) =>
        inner.UploadAsync(attempt, archive, open, cancellationToken);

    public Task<bool> CompleteAsync(AttemptResult result, CancellationToken cancellationToken) => inner.CompleteAsync(result, cancellationToken);

    public Task GoodbyeAsync(CancellationToken cancellationToken) => inner.GoodbyeAsync(cancellationToken);
}
