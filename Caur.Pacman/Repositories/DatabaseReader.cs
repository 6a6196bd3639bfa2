using System.Text.Unicode;

namespace Caur.Pacman;

/// <summary>Reads the archives <c>NAME.db</c> and <c>NAME.files</c>, of any tool that keeps to repo-add's layout.</summary>
internal sealed class DatabaseReader(ArchiveLimits limits, CancellationToken cancellationToken)
{
    private long _descBytes;

    public List<RepositoryEntry> Read(Stream packages, Stream? files)
    {
        var parts = ReadArchive(packages, DatabaseKind.Packages);
        if (files is not null)
        {
            // What the two disagree on, the first one decides: it is the one that clients install from.
            foreach (var (folder, other) in ReadArchive(files, DatabaseKind.Files))
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

    private Dictionary<string, Part> ReadArchive(Stream archive, DatabaseKind kind)
    {
        try
        {
            using var unpacked = Decompression.Open(archive);
            return ReadMembers(new TarReader(unpacked, limits, cancellationToken));
        }
        catch (FormatFaultException fault) when (kind == DatabaseKind.Files)
        {
            throw new FormatFaultException(fault.Error with { Message = "in the database of files: " + fault.Error.Message }, fault);
        }
    }

    private Dictionary<string, Part> ReadMembers(TarReader tar)
    {
        _descBytes = 0;
        var parts = new Dictionary<string, Part>(StringComparer.Ordinal);
        while (tar.MoveNext())
        {
            if (tar.IsDirectory)
            {
                continue;
            }

            if (!tar.IsFile)
            {
                throw tar.Fault(FormatErrorCode.NotAFile, $"{tar.Shown()} in a database is not a plain file");
            }

            ReadMember(tar, parts);
        }

        tar.ReadToEnd();
        return parts;
    }

    private void ReadMember(TarReader tar, Dictionary<string, Part> parts)
    {
        if (!Utf8.IsValid(tar.NameBytes.Span))
        {
            throw tar.Fault(FormatErrorCode.NotUtf8, $"the name {tar.Shown()} in a database is not UTF-8");
        }

        var path = tar.Name.Split('/');
        if (path.Length != 2 || path[0].Length == 0)
        {
            throw tar.Fault(FormatErrorCode.Malformed, $"{tar.Shown()} does not belong into a database");
        }

        if (!parts.TryGetValue(path[0], out var part))
        {
            parts.Add(path[0], part = new Part());
        }

        switch (path[1])
        {
            case "desc":
                part.Desc = Keep(Once(tar, part.Desc, limits.MaxDescBytes), tar);
                break;
            case "depends":
                // pacman before 5.0 kept what a package depends on in a file of its own.
                part.Depends = Keep(Once(tar, part.Depends, limits.MaxDescBytes), tar);
                break;
            case "files":
                var text = Once(tar, part.Files is null ? null : [], limits.MaxFileListBytes);
                part.Files = IsFileList(text)
                    ? FileListSource.Pack(text)
                    : throw tar.Fault(FormatErrorCode.Malformed, $"{tar.Shown()} is not a list of files");
                break;
            default:
                // Deltas and the like, which other tools once wrote and pacman ignores.
                break;
        }
    }

    private static byte[] Once(TarReader tar, byte[]? before, int limit) => before is null
        ? tar.ReadContent(limit)
        : throw tar.Fault(FormatErrorCode.Duplicate, $"the database has {tar.Shown()} twice");

    private static bool IsFileList(byte[] text) =>
        text.Length == 0 || (text.AsSpan().StartsWith("%FILES%\n"u8) && Utf8.IsValid(text) && !text.Contains((byte)0));

    /// <summary>Descs stay in memory, so that what all of them take has a limit too.</summary>
    private byte[] Keep(byte[] text, TarReader tar)
    {
        _descBytes += text.Length;
        return _descBytes <= limits.MaxDescBytesInAll
            ? text
            : throw tar.Fault(FormatErrorCode.TooLarge, $"the descs of the database have more than {limits.MaxDescBytesInAll} bytes");
    }

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
