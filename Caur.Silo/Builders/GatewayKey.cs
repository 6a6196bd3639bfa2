using Caur.Api.Builders;

namespace Caur.Silo.Builders;

/// <summary>The farm's public key as a gateway shows it. It is asked for once; a builder that outlives a change of keys is begun anew.</summary>
internal sealed class GatewayKey(Uri gateway, HttpClient http) : ITrustedKeys
{
    private volatile IReadOnlyList<string>? _keys;

    public async ValueTask<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            return _keys ??= [await http.GetStringAsync(new Uri(gateway, "key.asc"), cancellationToken)];
        }
        catch (HttpRequestException problem)
        {
            throw new TrustedKeysMissingException($"{gateway} does not show the farm's key: {problem.Message}");
        }
    }
}
