namespace Caur.Pipelines.Polite;

/// <summary>What a server said of the state of what it sent, so that the next request can ask for it only if it has changed (RFC 9110, 8.8).</summary>
/// <param name="EntityTag">With its quotes; null when the server sent none.</param>
/// <param name="LastModified">As the server wrote it; null when it sent none.</param>
internal sealed record Validators(string? EntityTag, string? LastModified)
{
    /// <summary>Whether nothing can be asked with these.</summary>
    public bool IsEmpty => EntityTag is null && LastModified is null;
}

/// <summary>An answer to a request that may have been conditional.</summary>
/// <typeparam name="T">What was read.</typeparam>
/// <param name="Value">What was read; null when it has not changed.</param>
/// <param name="Validators">For the next request.</param>
internal sealed record Fetched<T>(T? Value, Validators Validators)
    where T : class
{
    /// <summary>Whether it is as it was when the validators of the request were given.</summary>
    public bool IsUnchanged => Value is null;
}
