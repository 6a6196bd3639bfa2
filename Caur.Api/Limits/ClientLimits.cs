using Microsoft.Extensions.Options;

namespace Caur.Api.Limits;

/// <summary>How much one client may hold open at a time, so that none takes what is there for all.</summary>
public sealed class ClientLimits
{
    /// <summary>Event streams and logs that are being read, per token, or per address without one (<c>CAUR_MAX_STREAMS_PER_CLIENT</c>).
    /// Further ones are refused with 429. Default: 250.</summary>
    public int Streams { get; set; } = 250;

    /// <summary>Connections per address (<c>CAUR_MAX_CONNECTIONS_PER_CLIENT</c>). Whoever asks on a further one is answered 503, and it is
    /// closed. Trusted proxies, which speak for many, have no such limit. Default: 2,000.</summary>
    public int Connections { get; set; } = 2_000;
}

/// <summary>Refuses what cannot work.</summary>
internal sealed class ClientLimitsValidator : IValidateOptions<ClientLimits>
{
    public ValidateOptionsResult Validate(string? name, ClientLimits options) => options switch
    {
        { Streams: < 1 } => ValidateOptionsResult.Fail("CAUR_MAX_STREAMS_PER_CLIENT must be 1 or more"),
        { Connections: < 1 } => ValidateOptionsResult.Fail("CAUR_MAX_CONNECTIONS_PER_CLIENT must be 1 or more"),
        _ => ValidateOptionsResult.Success,
    };
}
