using Caur.Api.Builders;
using Caur.Builder.Link;
using Caur.Protocol.Builders;

namespace Caur.Silo.Builders;

/// <summary>The session of an agent in a silo of its own host: it speaks to the grains itself, and only archives go to a gateway, which has the
/// landing zone's disk.</summary>
internal sealed class SiloBuilderSession : IBuilderSession, IDisposable
{
    private readonly GrainBuilderSession _grains;
    private readonly LinkDialer _dialer;
    private readonly ArchiveSender _archives;
    private BuilderHello? _hello;

    public SiloBuilderSession(GrainBuilderSession grains, LinkAgentOptions gateway, TimeProvider clock)
    {
        _grains = grains;
        _dialer = new LinkDialer(gateway, clock);
        _archives = new ArchiveSender(_dialer, gateway, clock, () => _hello);
    }

    public Task<HelloReply> HelloAsync(BuilderHello hello, IBuilderAgent agent, CancellationToken cancellationToken)
    {
        _hello = hello;
        return _grains.HelloAsync(hello, agent, cancellationToken);
    }

    public Task<IReadOnlyList<BuildOrder>> TakeAsync(int freeSlots, CancellationToken cancellationToken) => _grains.TakeAsync(freeSlots, cancellationToken);

    public Task<bool> AcceptAsync(AttemptRef attempt, CancellationToken cancellationToken) => _grains.AcceptAsync(attempt, cancellationToken);

    public Task<RenewReply> RenewAsync(IReadOnlyList<AttemptRef> running, CancellationToken cancellationToken) => _grains.RenewAsync(running, cancellationToken);

    public Task<bool> ProgressAsync(AttemptRef attempt, AttemptStep step, CancellationToken cancellationToken) => _grains.ProgressAsync(attempt, step, cancellationToken);

    public Task<LogReply> AppendLogAsync(LogChunk chunk, CancellationToken cancellationToken) => _grains.AppendLogAsync(chunk, cancellationToken);

    public Task<UploadReply> UploadAsync(
        AttemptRef attempt, ArchiveInfo archive, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken cancellationToken) =>
        _archives.SendAsync(attempt, archive, open, CancellationToken.None, cancellationToken);

    public Task<bool> CompleteAsync(AttemptResult result, CancellationToken cancellationToken) => _grains.CompleteAsync(result, cancellationToken);

    public Task GoodbyeAsync(CancellationToken cancellationToken) => _grains.GoodbyeAsync(cancellationToken);

    public void Dispose() => _dialer.Dispose();
}
