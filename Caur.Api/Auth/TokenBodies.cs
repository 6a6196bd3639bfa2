using System.Text.Json.Serialization;

namespace Caur.Api.Auth;

/// <summary><c>POST /api/v1/tokens</c>.</summary>
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
}

/// <summary>A token that was made.</summary>
public sealed record TokenCreated : TokenView
{
    /// <summary>The token. It is shown this once.</summary>
    public required string Token { get; init; }

    /// <summary>What is odd about it, for people.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
