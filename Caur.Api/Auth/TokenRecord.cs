namespace Caur.Api.Auth;

/// <summary>What is kept of a token: never the token itself.</summary>
public sealed record TokenRecord
{
    /// <summary>Names it for people, and to revoke it.</summary>
    public required string Id { get; init; }

    /// <summary>What it may do.</summary>
    public required TokenRole Role { get; init; }

    /// <summary>SHA-256 of the token, in lower-case hexadecimal digits. The token has 256 random bits, so it needs no salt.</summary>
    public required string Hash { get; init; }

    /// <summary>Whose it is; for a builder, the builder's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>When it ends; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>The target repositories that a <see cref="TokenRole.Ci"/> token may write to, as <c>name</c> (every architecture) or
    /// <c>name/arch</c>; none for all.</summary>
    public IReadOnlyList<string>? Targets { get; init; }

    /// <summary>The operation that made it: repeated, it is made anew in its place, because nobody got the first one.</summary>
    public Guid? Operation { get; init; }
}

/// <summary>A token that is wanted.</summary>
public sealed record TokenOrder
{
    /// <summary>What it may do.</summary>
    public required TokenRole Role { get; init; }

    /// <summary>Whose it is; for a builder, the builder's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>When it ends; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>As <see cref="TokenRecord.Targets"/>.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>As <see cref="TokenRecord.Operation"/>.</summary>
    public Guid? Operation { get; init; }
}
