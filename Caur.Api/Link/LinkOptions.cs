using Caur.Protocol.Link;
using Microsoft.Extensions.Options;

namespace Caur.Api.Link;

/// <summary>How many links there may be at a time.</summary>
public sealed class LinkOptions
{
    /// <summary>With one token: as many instances may share a builder's name. Default: 256.</summary>
    public int PerToken { get; set; } = 256;

    /// <summary>From one address (of IPv6, one /64). Default: 1024.</summary>
    public int PerAddress { get; set; } = 1024;

    /// <summary>The SFTP server that builders are told to bring archives to (<c>DATABASE_HOST</c>). Default: none.</summary>
    public string? SftpHost { get; set; }

    /// <summary>Its port (<c>DATABASE_PORT</c>). Default: 22.</summary>
    public int? SftpPort { get; set; }

    /// <summary>As whom (<c>DATABASE_USER</c>). Default: whom the builder's ssh chooses.</summary>
    public string? SftpUser { get; set; }

    /// <summary>The landing zone as that server shows it (<c>LANDING_ZONE_ADVERTISED_PATH</c>). Default: as this process sees it.</summary>
    public string? SftpPath { get; set; }

    /// <summary>What builders are told of it.</summary>
    internal SftpServer? Sftp => SftpHost is { Length: > 0 } host ? new SftpServer(host) { Port = SftpPort, User = SftpUser } : null;
}

/// <summary>Refuses what cannot work.</summary>
internal sealed class LinkOptionsValidator : IValidateOptions<LinkOptions>
{
    public ValidateOptionsResult Validate(string? name, LinkOptions options) =>
        options.PerToken < 1 || options.PerAddress < 1
            ? ValidateOptionsResult.Fail("one link per token and address at least must be allowed")
            : ValidateOptionsResult.Success;
}
