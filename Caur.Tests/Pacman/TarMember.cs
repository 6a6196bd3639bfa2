using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Caur.Pacman;
using TarReader = System.Formats.Tar.TarReader;

namespace Caur.Tests.Pacman;

/// <summary>A member of a database as another reader than ours finds it.</summary>
internal sealed record TarMember(string Name, TarEntryType Type, UnixFileMode Mode, string Content)
{
    /// <summary>The contents of both databases of a repository, by <c>db/folder/desc</c> and the like.</summary>
    public static async Task<SortedDictionary<string, string>> ContentsAsync(byte[] packages, byte[] files, CancellationToken cancellationToken)
    {
        var contents = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (kind, archive) in new[] { ("db", packages), ("files", files) })
        {
            foreach (var member in await ReadAsync(archive, cancellationToken))
            {
                contents.Add($"{kind}/{member.Name}", member.Content);
            }
        }

        return contents;
    }

    /// <summary>Every member, in the order of the archive.</summary>
    public static async Task<List<TarMember>> ReadAsync(byte[] archive, CancellationToken cancellationToken)
    {
        await using var unpacked = Decompression.Detect(archive) switch
        {
            CompressionFormat.Gzip => new GZipStream(new MemoryStream(archive), CompressionMode.Decompress),
            CompressionFormat.None => (Stream)new MemoryStream(archive),
            var other => throw new ArgumentException($"{other} is not read here", nameof(archive)),
        };
        await using var reader = new TarReader(unpacked);
        var members = new List<TarMember>();
        while (await reader.GetNextEntryAsync(copyData: true, cancellationToken) is { } entry)
        {
            var content = "";
            if (entry.DataStream is { } data)
            {
                using var text = new StreamReader(data, new UTF8Encoding(false, throwOnInvalidBytes: true));
                content = await text.ReadToEndAsync(cancellationToken);
            }

            members.Add(new TarMember(entry.Name, entry.EntryType, entry.Mode, content));
        }

        return members;
    }
}
