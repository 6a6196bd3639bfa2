namespace Caur.Silo.Web;

/// <summary>What stands beside a file that is kept.</summary>
internal sealed record KeptDescription
{
    /// <summary>What it is, with the hub that it is of.</summary>
    public required string Key { get; init; }

    /// <summary>The file's name.</summary>
    public required string Body { get; init; }

    /// <summary>Its length in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>The headers that the hub sent with it.</summary>
    public required Dictionary<string, string[]> Headers { get; init; }
}

/// <summary>A file that is kept, opened: it can be read to its end whatever becomes of the cache.</summary>
internal sealed record KeptFile(KeptDescription Description, FileStream Body, DateTimeOffset Checked) : IDisposable
{
    /// <summary>The first value of a header; null for none.</summary>
    public string? this[string header] =>
        Description.Headers.FirstOrDefault(one => one.Key.Equals(header, StringComparison.OrdinalIgnoreCase)).Value?.FirstOrDefault();

    public void Dispose() => Body.Dispose();
}
