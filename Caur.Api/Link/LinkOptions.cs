using Microsoft.Extensions.Options;

namespace Caur.Api.Link;

/// <summary>How many links there may be at a time.</summary>
public sealed class LinkOptions
{
    /// <summary>With one token: as many instances may share a builder's name. Default: 256.</summary>
    public int PerToken { get; set; } = 256;

    /// <summary>From one address (of IPv6, one /64). Default: 1024.</summary>
    public int PerAddress { get; set; } = 1024;
}

/// <summary>Refuses what cannot work.</summary>
internal sealed class LinkOptionsValidator : IValidateOptions<LinkOptions>
{
    public ValidateOptionsResult Validate(string? name, LinkOptions options) =>
        options.PerToken < 1 || options.PerAddress < 1
            ? ValidateOptionsResult.Fail("one link per token and address at least must be allowed")
            : ValidateOptionsResult.Success;
}
