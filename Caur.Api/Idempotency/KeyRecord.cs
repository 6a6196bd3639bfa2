namespace Caur.Api.Idempotency;

/// <summary>What is kept of a key.</summary>
internal sealed record KeyRecord
{
    /// <summary>SHA-256 over method, path, query and body: what the key was first used for.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The operation id that it is carried out under.</summary>
    public required Guid Operation { get; init; }

    /// <summary>When it was first used.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>The answer; null while there is none, and when it was one that does not last, as that of a full disk.</summary>
    public KeyedAnswer? Answer { get; init; }
}

/// <summary>An answer.</summary>
internal sealed record KeyedAnswer
{
    public required int Status { get; init; }

    /// <summary>Those that belong to the answer and not to the moment.</summary>
    public required Dictionary<string, string> Headers { get; init; }

    public required byte[] Body { get; init; }
}
