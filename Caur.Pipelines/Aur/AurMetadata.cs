using System.IO.Compression;
using System.IO.Pipelines;
using System.Text.Json;
using Caur.Pipelines.Polite;

namespace Caur.Pipelines.Aur;

/// <summary>
/// Reads <c>packages-meta-v1.json.gz</c> and its <c>-ext-</c> form as they come: a JSON array of objects as the RPC interface gives them (aurweb,
/// doc/maintenance). Only the packages that are wanted are kept; the rest of 60 MB passes by.
/// </summary>
internal static class AurMetadata
{
    /// <param name="source">Gzip, or what a proxy unpacked already.</param>
    /// <param name="wanted">The pkgbases to keep.</param>
    /// <param name="mostUnpacked">Bytes to unpack at most.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="InvalidDataException">It is not of that form, is empty, or ends too early.</exception>
    public static async Task<AurSnapshot> ReadAsync(
        Stream source, IReadOnlySet<string> wanted, long mostUnpacked, CancellationToken cancellationToken)
    {
        var packages = new Dictionary<string, AurPackage>(StringComparer.Ordinal);
        var newest = 0L;
        try
        {
            await using var plain = new BoundedStream(await UnpackAsync(source, cancellationToken), mostUnpacked);
            await foreach (var record in JsonSerializer.DeserializeAsyncEnumerable(plain, AurJson.Default.AurRecord, cancellationToken))
            {
                if (record?.ToPackage() is { } package)
                {
                    newest = Math.Max(newest, package.LastModified);
                    if (wanted.Contains(package.PkgBase))
                    {
                        Add(packages, package);
                    }
                }
            }
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"the AUR's metadata are no whole list of packages: {error.Message}", error);
        }

        return newest > 0
            ? new AurSnapshot(packages, newest, "the AUR's metadata")
            : throw new InvalidDataException("the AUR's metadata list no package");
    }

    /// <summary>Adds a package to those that are known. Of a pkgbase with several packages the newest time counts, though all should have the same.</summary>
    internal static void Add(Dictionary<string, AurPackage> packages, AurPackage package)
    {
        if (!packages.TryGetValue(package.PkgBase, out var known) || known.LastModified < package.LastModified)
        {
            packages[package.PkgBase] = package;
        }
    }

    private static async Task<Stream> UnpackAsync(Stream source, CancellationToken cancellationToken)
    {
        var pipe = PipeReader.Create(source, new StreamPipeReaderOptions(bufferSize: 128 * 1024, leaveOpen: true));
        var start = await pipe.ReadAtLeastAsync(2, cancellationToken);
        var packed = start.Buffer.Length >= 2 && start.Buffer.FirstSpan is [0x1f, 0x8b, ..];
        pipe.AdvanceTo(start.Buffer.Start);
        var whole = pipe.AsStream();
        return packed ? new GZipStream(whole, CompressionMode.Decompress) : whole;
    }
}
