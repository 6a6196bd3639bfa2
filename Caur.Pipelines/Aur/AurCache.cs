using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Pipelines.Polite;
using Caur.Storage.Files;

namespace Caur.Pipelines.Aur;

/// <summary>
/// What was kept of the last metadata, so that unchanged ones need not be loaded: those packages that were asked for, and that they were. A file
/// that is damaged or not there is none; losing it costs one download.
/// </summary>
internal sealed class AurCache(string path)
{
    /// <summary>What is known, if it covers all that is asked for now and comes from the same address.</summary>
    public async Task<(Validators Validators, AurSnapshot Snapshot)?> ReadAsync(
        Uri from, IReadOnlySet<string> wanted, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            await using var file = File.OpenRead(path);
            var kept = await JsonSerializer.DeserializeAsync(file, AurCacheJson.Default.AurCacheContent, cancellationToken);
            if (kept is not { Asked: not null, Packages: not null } || kept.From != from.AbsoluteUri || !wanted.IsSubsetOf(kept.Asked)
                || kept.Packages.Any(package => package is not { PkgBase: not null }))
            {
                return null;
            }

            var packages = kept.Packages.Where(package => wanted.Contains(package.PkgBase)).ToDictionary(package => package.PkgBase, StringComparer.Ordinal);
            return (new Validators(kept.EntityTag, kept.LastModified), new AurSnapshot(packages, kept.Newest, "the AUR's metadata, unchanged since"));
        }
        catch (Exception error) when (error is JsonException or IOException or ArgumentException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Remembers, if it can: a full disk costs the next run a download and this one nothing.</summary>
    public async Task WriteAsync(
        Uri from, Validators validators, IReadOnlySet<string> asked, AurSnapshot snapshot, CancellationToken cancellationToken)
    {
        var content = new AurCacheContent(
            from.AbsoluteUri, validators.EntityTag, validators.LastModified, [.. asked.Order(StringComparer.Ordinal)], [.. snapshot.Packages.Values], snapshot.Newest);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            await AtomicFile.WriteAsync(path, JsonSerializer.SerializeToUtf8Bytes(content, AurCacheJson.Default.AurCacheContent), cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}

/// <summary>The file's content.</summary>
internal sealed record AurCacheContent(
    string From, string? EntityTag, string? LastModified, IReadOnlyList<string> Asked, IReadOnlyList<AurPackage> Packages, long Newest);

[JsonSerializable(typeof(AurCacheContent))]
internal sealed partial class AurCacheJson : JsonSerializerContext;
