using System.Text.Json.Serialization;

namespace Caur.Api.Auth;

/// <summary><c>POST /api/v1/tokens</c>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record TokenBody
{
    /// <summary>What it may do.</summary>
    public TokenRole? Role { get; init; }

    /// <summary>Whose it is; for a builder, the builder's name.</summary>
    public string? Name { get; init; }

    /// <summary>The target repositories that a ci token is bound to: <c>name</c> or <c>name/arch</c>. Default: to none.</summary>
    public List<string>? Targets { get; init; }

    /// <summary>When it ends. Default: never.</summary>
    public DateTimeOffset? Expires { get; init; }
}

/// <summary>A token as it is listed: not what it is.</summary>
public record TokenView
{
    /// <summary>To revoke it by.</summary>
    public required string Id { get; init; }

    /// <summary>What it may do.</summary>
    public required TokenRole Role { get; init; }

    /// <summary>Whose it is.</summary>
    public required string Name { get; init; }

    /// <summary>The target repositories that it is bound to; none for all.</summary>
    public required IReadOnlyList<string> Targets { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it ends; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>When it was used last, to a minute; null when it was not.</summary>
    [JsonPropertyName("last_used")]
    public DateTimeOffset? LastUsed { get; init; }

    /// <summary>Its time is over.</summary>
    public bool Ended { get; init; }

    /// <summary>All that were made and not revoked.</summary>
    /// <param name="tokens">Where they are.</param>
    /// <param name="uses">When each was used.</param>
    /// <exception cref="IOException">They cannot be read.</exception>
    public static IReadOnlyList<TokenView> List(TokenStore tokens, TokenUses uses) => [.. tokens.List().Select(record => new TokenView
    {
        Id = record.Id,
        Role = record.Role,
        Name = record.Name,
        Targets = record.Targets ?? [],
        Created = record.Created,
        Expires = record.Expires,
        LastUsed = uses.Last(record.Id),
        Ended = tokens.IsEnded(record),
    })];
}

/// <summary>A token that was made.</summary>
public sealed record TokenCreated : TokenView
{
    /// <summary>The token. It is shown this once.</summary>
    public required string Token { get; init; }

    /// <summary>What is odd about it, for people.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The answer to an order that was carried out.</summary>
    /// <param name="order">The order.</param>
    /// <param name="record">What is kept.</param>
    /// <param name="token">What is not.</param>
    /// <param name="targets">The farm's target repositories; null when nobody knows them here.</param>
    public static TokenCreated Of(TokenOrder order, TokenRecord record, string token, ICollection<string>? targets)
    {
        ArgumentNullException.ThrowIfNull(record);
        return new TokenCreated
        {
            Id = record.Id,
            Role = record.Role,
            Name = record.Name,
            Targets = record.Targets ?? [],
            Created = record.Created,
            Expires = record.Expires,
            Token = token,
            Notes = targets is null ? [] : TokenRules.Notes(order, targets),
        };
    }
}
