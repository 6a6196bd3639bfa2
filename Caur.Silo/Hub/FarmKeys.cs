using Caur.Api.Builders;
using Caur.Storage.Signing;

namespace Caur.Silo.Hub;

/// <summary>The farm's public key, read from gpg once and again when that failed.</summary>
internal sealed class FarmKeys(GpgSigner signer) : ITrustedKeys
{
    private volatile IReadOnlyList<string>? _keys;

    public async ValueTask<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken) =>
        _keys ??= [await signer.ExportArmoredAsync(cancellationToken)];
}
