using Caur.Api.Builders;
using Caur.Storage.Signing;

namespace Caur.Silo.Hub;

/// <summary>The farm's public key, read from gpg once and again when that failed.</summary>
internal sealed class FarmKeys(GpgSigner signer, TimeProvider clock) : ITrustedKeys, IDisposable
{
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _asking = new(1, 1);
    private volatile IReadOnlyList<string>? _keys;
    private GpgException? _problem;
    private long _failed;

    public void Dispose() => _asking.Dispose();

    public async ValueTask<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken)
    {
        if (_keys is { } known)
        {
            return known;
        }

        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (_keys is null && _problem is not null && clock.GetElapsedTime(_failed) < AskAgainAfter)
            {
                throw new TrustedKeysMissingException(_problem.Message);
            }

            return _keys ??= [await signer.ExportArmoredAsync(cancellationToken)];
        }
        catch (GpgException problem)
        {
            _problem = problem;
            _failed = clock.GetTimestamp();
            throw new TrustedKeysMissingException(problem.Message);
        }
        finally
        {
            _asking.Release();
        }
    }
}
