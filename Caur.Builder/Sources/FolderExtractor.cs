using System.Formats.Tar;

namespace Caur.Builder.Sources;

/// <summary>The archive holds something that must not be unpacked; the message names it.</summary>
internal sealed class UnsafeEntryException(string message) : Exception(message);

/// <summary>Unpacks the tar stream of one package folder. Nothing is written outside of the destination, and no link leads out of it.</summary>
internal static class FolderExtractor
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Executable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Unpacks what lies under <paramref name="folder"/> into <paramref name="destination"/>, without the folder's own name.</summary>
    /// <exception cref="UnsafeEntryException">A link leads out of the folder, or an entry is of a kind that git does not make.</exception>
    public static async Task ExtractAsync(Stream tar, string folder, string destination, CancellationToken cancellationToken)
    {
        await using var reader = new TarReader(tar, leaveOpen: true);

        // A tree that somebody made by hand may hold a link and a folder of one name: links come last, so that nothing is written through one.
        var links = new List<(string Inside, string Target)>();
        while (await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            if (entry.EntryType == TarEntryType.GlobalExtendedAttributes)
            {
                continue;
            }

            var name = entry.Name.TrimEnd('/');
            if (name == folder)
            {
                continue;
            }

            if (!name.StartsWith(folder + "/", StringComparison.Ordinal))
            {
                throw new UnsafeEntryException($"'{name}' is not in the folder {folder}");
            }

            var inside = name[(folder.Length + 1)..];
            var parts = inside.Split('/');
            if (parts.Any(p => p is "" or "." or ".."))
            {
                throw new UnsafeEntryException($"'{name}' is no plain path");
            }

            if (entry.EntryType == TarEntryType.SymbolicLink)
            {
                links.Add((inside, StaysInside(entry.LinkName, parts.Length - 1)
                    ? entry.LinkName
                    : throw new UnsafeEntryException($"the link '{inside}' leads out of the package folder, to '{entry.LinkName}'")));
            }
            else
            {
                await WriteAsync(entry, inside, destination, cancellationToken);
            }
        }

        WriteLinks(links, destination);

        // git fills its last block; unread, it would end by a broken pipe.
        await tar.CopyToAsync(Stream.Null, cancellationToken);
    }

    private static async Task WriteAsync(TarEntry entry, string inside, string destination, CancellationToken cancellationToken)
    {
        var path = Path.Combine(destination, inside);
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                Directory.CreateDirectory(path, Executable);
                break;

            case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                Directory.CreateDirectory(Path.GetDirectoryName(path)!, Executable);
                await using (var file = new FileStream(path, new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    UnixCreateMode = (entry.Mode & UnixFileMode.UserExecute) != 0 ? Executable : Readable,
                }))
                {
                    if (entry.DataStream is not null)
                    {
                        await entry.DataStream.CopyToAsync(file, cancellationToken);
                    }
                }

                // The time takes part in some builds; the commit's is the same at every attempt.
                File.SetLastWriteTimeUtc(path, entry.ModificationTime.UtcDateTime);
                break;

            default:
                throw new UnsafeEntryException($"'{inside}' is neither file, folder nor symbolic link");
        }
    }

    private static void WriteLinks(List<(string Inside, string Target)> links, string destination)
    {
        var names = links.Select(link => link.Inside).ToHashSet(StringComparer.Ordinal);
        foreach (var (inside, target) in links)
        {
            var path = Path.Combine(destination, inside);
            var below = inside.Split('/').SkipLast(1).Aggregate(
                new List<string>(), (folders, part) => [.. folders, folders.Count == 0 ? part : $"{folders[^1]}/{part}"]);
            if (below.Exists(names.Contains) || Path.Exists(path) || names.Count != links.Count)
            {
                throw new UnsafeEntryException($"'{inside}' is a link and something else at the same time");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!, Executable);
            File.CreateSymbolicLink(path, target);
        }
    }

    /// <summary>True when a relative link in a folder <paramref name="depth"/> levels down stays inside: it climbs only at its beginning, for
    /// behind the name of another link <c>..</c> means something else than it seems, and not above the package folder.</summary>
    internal static bool StaysInside(string target, int depth)
    {
        if (target.Length == 0 || target.StartsWith('/'))
        {
            return false;
        }

        var parts = target.Split('/');
        var climbs = parts.TakeWhile(p => p is ".." or ".").Count(p => p == "..");
        return climbs <= depth && !parts.SkipWhile(p => p is ".." or ".").Contains("..");
    }
}
