using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Pipelines.Polite;
using Caur.Storage.Files;

namespace Caur.Pipelines.Rebuilds;

/// <summary>What was read of databases, with what their servers said of their state: an unchanged one is neither loaded nor read again.</summary>
/// <param name="folder">Where it is kept. Losing it costs one download.</param>
internal sealed class DatabaseCache(string folder)
{
    public async Task<CachedDatabase?> ReadAsync(Uri uri, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(PathOf(uri));
            var kept = await JsonSerializer.DeserializeAsync(file, DatabaseCacheJson.Default.CachedDatabase, cancellationToken);
            return kept is { Versions: not null } && kept.From == uri.AbsoluteUri
                && kept.Versions.Values.All(versions => versions is { Count: > 0 } && versions.All(version => version is not null))
                ? kept
                : null;
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Remembers, if it can: a full disk costs the next run a download and this one nothing.</summary>
    public async Task WriteAsync(
        Uri uri, Validators validators, IReadOnlyDictionary<string, IReadOnlyList<string>> versions, CancellationToken cancellationToken)
    {
        var content = new CachedDatabase(uri.AbsoluteUri, validators.EntityTag, validators.LastModified, versions);
        try
        {
            Directory.CreateDirectory(folder);
            await AtomicFile.WriteAsync(
                PathOf(uri), JsonSerializer.SerializeToUtf8Bytes(content, DatabaseCacheJson.Default.CachedDatabase), cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    private string PathOf(Uri uri) => Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(uri.AbsoluteUri)))[..32] + ".json");
}

/// <summary>The content of a file.</summary>
internal sealed record CachedDatabase(
    string From, string? EntityTag, string? LastModified, IReadOnlyDictionary<string, IReadOnlyList<string>> Versions);

[JsonSerializable(typeof(CachedDatabase))]
internal sealed partial class DatabaseCacheJson : JsonSerializerContext;
