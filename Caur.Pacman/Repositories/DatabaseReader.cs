using System.Text.Unicode;

namespace Caur.Pacman;

/// <summary>Reads the archives <c>NAME.db</c> and <c>NAME.files</c>, of any tool that keeps to repo-add's layout.</summary>
internal sealed class DatabaseReader(ArchiveLimits limits, CancellationToken cancellationToken)
{
    public List<RepositoryEntry> Read(Stream packages, Stream? files)
    {
        var parts = ReadArchive(packages);
        if (files is not null)
        {
            // What the two disagree on, the first one decides: it is the one that clients install from.
            foreach (var (folder, other) in ReadArchive(files))
            {
                if (parts.TryGetValue(folder, out var part))
                {
                    part.Files ??= other.Files;
                }
            }
        }

        var entries = new List<RepositoryEntry>(parts.Count);
        var names = new HashSet<PackageName>(parts.Count);
        foreach (var (folder, part) in parts)
        {
            var entry = Finish(folder, part);
            if (!names.Add(entry.Name))
            {
                throw new FormatFaultException(FormatErrorCode.Duplicate, $"the database has {entry.Name} twice");
            }

            entries.Add(entry);
        }

        return entries;
    }

    private Dictionary<string, Part> ReadArchive(Stream archive)
    {
        using var unpacked = Decompression.Open(archive);
        var tar = new TarReader(unpacked, limits, cancellationToken);
        var parts = new Dictionary<string, Part>(StringComparer.Ordinal);
        while (tar.MoveNext())
        {
            if (tar.IsDirectory)
            {
                continue;
            }

            if (!tar.IsFile)
            {
                throw new FormatFaultException(FormatErrorCode.NotAFile, $"{tar.Shown()} in a database is not a plain file");
            }

            ReadMember(tar, parts);
        }

        tar.ReadToEnd();
        return parts;
    }

    private void ReadMember(TarReader tar, Dictionary<string, Part> parts)
    {
        var path = tar.Name.Split('/');
        if (path.Length != 2 || path[0].Length == 0)
        {
            throw new FormatFaultException(FormatErrorCode.Malformed, $"{tar.Shown()} does not belong into a database");
        }

        if (!parts.TryGetValue(path[0], out var part))
        {
            parts.Add(path[0], part = new Part());
        }

        switch (path[1])
        {
            case "desc":
                part.Desc = Once(tar, part.Desc, limits.MaxDescBytes);
                break;
            case "depends":
                // pacman before 5.0 kept what a package depends on in a file of its own.
                part.Depends = Once(tar, part.Depends, limits.MaxDescBytes);
                break;
            case "files":
                var text = Once(tar, part.Files is null ? null : [], limits.MaxFileListBytes);
                part.Files = Utf8.IsValid(text) && (text.AsSpan().StartsWith("%FILES%\n"u8) || text.Length == 0)
                    ? FileListSource.Pack(text)
                    : throw new FormatFaultException(FormatErrorCode.Malformed, $"{tar.Shown()} is not a list of files");
                break;
            default:
                // Deltas and the like, which other tools once wrote and pacman ignores.
                break;
        }
    }

    private static byte[] Once(TarReader tar, byte[]? before, int limit) => before is null
        ? tar.ReadContent(limit)
        : throw new FormatFaultException(FormatErrorCode.Duplicate, $"the database has {tar.Shown()} twice");

    private static RepositoryEntry Finish(string folder, Part part)
    {
        var shown = FormatError.Quote(folder);
        if (part.Desc is not { } desc)
        {
            throw new FormatFaultException(FormatErrorCode.MissingMember, $"{shown} in a database has no desc");
        }

        try
        {
            var entry = RepositoryEntry.FromDatabase(part.Depends is null ? desc : [.. desc, (byte)'\n', .. part.Depends], part.Files);
            return entry.Folder == folder
                ? entry
                : throw new FormatFaultException(FormatErrorCode.Inconsistent, "its desc is of another package or version");
        }
        catch (FormatFaultException fault)
        {
            throw new FormatFaultException(fault.Error with { Message = $"{shown}: {fault.Error.Message}" });
        }
    }

    private sealed class Part
    {
        public byte[]? Desc { get; set; }

        public byte[]? Depends { get; set; }

        public FileListSource? Files { get; set; }
    }
}
