using System.Globalization;
using System.Text.Unicode;

namespace Caur.Pacman;

/// <summary>One package in a repository database: its <c>desc</c> and, where known, its list of files. It never changes.</summary>
public sealed class RepositoryEntry
{
    private const int MaxSignatureBytes = 16384;

    private FileListSource? _files;

    private RepositoryEntry(ReadOnlyMemory<byte> desc, FileListSource? files)
    {
        Desc = desc;
        _files = files;
        var span = desc.Span;
        if (!Utf8.IsValid(span) || span.Contains((byte)0))
        {
            throw new FormatFaultException(FormatErrorCode.NotUtf8, "a desc is not UTF-8 text");
        }

        Name = PackageName.TryParse(Required(span, "%NAME%\n"u8, "NAME"), out var name) ? name : throw Invalid(FormatErrorCode.InvalidName, "name");
        Version = PackageVersion.TryParse(Required(span, "%VERSION%\n"u8, "VERSION"), out var version) && version.PkgRel is not null
            ? version
            : throw Invalid(FormatErrorCode.InvalidVersion, "version");
        FileName = Required(span, "%FILENAME%\n"u8, "FILENAME");
        if (!PackageFileName.IsSafe(FileName))
        {
            throw Invalid(FormatErrorCode.UnsafeName, "file name");
        }

        var pkgbase = DescText.Only(span, "%BASE%\n"u8, "BASE");
        PkgBase = pkgbase is null ? Name
            : PackageName.TryParse(pkgbase, out var @base) ? @base : throw Invalid(FormatErrorCode.InvalidName, "pkgbase");
        Folder = $"{Name}-{Version}";
        Time = long.TryParse(DescText.First(span, "%BUILDDATE%\n"u8), NumberStyles.None, CultureInfo.InvariantCulture, out var time) ? time : 0;
        Hash = HashName(Name.ToString());
    }

    /// <summary>The pkgname.</summary>
    public PackageName Name { get; }

    /// <summary>The pkgbase; the pkgname where the database does not say.</summary>
    public PackageName PkgBase { get; }

    /// <summary>The version, with pkgrel.</summary>
    public PackageVersion Version { get; }

    /// <summary>The file name of the archive: one part of a path, not hidden.</summary>
    public string FileName { get; }

    /// <summary>The bytes of the <c>desc</c>, as they stand in the database.</summary>
    public ReadOnlyMemory<byte> Desc { get; }

    /// <summary>Whether the list of files is known. It is not when the database was read without its <c>.files</c>.</summary>
    public bool HasFiles => _files is not null;

    /// <summary>The folder of the entry within a database.</summary>
    internal string Folder { get; }

    /// <summary>The time of its members, in seconds since 1970: when the package was built.</summary>
    internal long Time { get; }

    /// <summary>A number that depends on the name alone, evenly spread.</summary>
    internal uint Hash { get; }

    internal FileListSource? Files => Volatile.Read(ref _files);

    /// <summary>
    /// Makes the entry of a package archive, reading it once: contents, sums, list of files. The whole archive is checked, and refused
    /// with a named fault when it is damaged, not a package, or exceeds the limits.
    /// </summary>
    /// <param name="archive">The archive from its start; left open at its end.</param>
    /// <param name="fileName">The name under which clients find the archive, beside the database.</param>
    /// <param name="signature">The detached OpenPGP signature of the archive, binary, at most 16 KiB; empty for none.</param>
    /// <param name="limits">What is borne; <see cref="ArchiveLimits.Package"/> when null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static Task<FormatResult<RepositoryEntry>> FromArchiveAsync(
        Stream archive,
        string fileName,
        ReadOnlyMemory<byte> signature = default,
        ArchiveLimits? limits = null,
        CancellationToken cancellationToken = default) =>
        Task.Run(
            () => FormatFaultException.Catch(
                () => FromArchive(archive, fileName, signature.Span, limits ?? ArchiveLimits.Package, cancellationToken)),
            cancellationToken);

    /// <summary>Makes the entry of a package archive, with the signature that lies beside it as <c>PATH.sig</c>, if one does.</summary>
    /// <inheritdoc cref="FromArchiveAsync(Stream, string, ReadOnlyMemory{byte}, ArchiveLimits?, CancellationToken)"/>
    public static async Task<FormatResult<RepositoryEntry>> FromArchiveAsync(
        string path, ArchiveLimits? limits = null, CancellationToken cancellationToken = default)
    {
        var signaturePath = path + ".sig";
        var signature = File.Exists(signaturePath) ? await ReadSignatureAsync(signaturePath, cancellationToken) : null;
        if (signature is { Length: 0 })
        {
            return FormatResult<RepositoryEntry>.Refused(new FormatError(FormatErrorCode.InvalidValue, "the signature is empty"));
        }

        await using var archive = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        return await FromArchiveAsync(archive, Path.GetFileName(path), signature, limits, cancellationToken);
    }

    /// <summary>The same entry with a signature: what <see cref="FromArchiveAsync(string, ArchiveLimits?, CancellationToken)"/> makes of the
    /// archive with the signature beside it, without reading the archive again.</summary>
    /// <param name="signature">The detached OpenPGP signature of the archive, binary, at most 16 KiB.</param>
    /// <exception cref="ArgumentException">The signature is empty, armored or too large.</exception>
    /// <exception cref="InvalidOperationException">The entry has a signature.</exception>
    public RepositoryEntry WithSignature(ReadOnlySpan<byte> signature)
    {
        try
        {
            CheckSignature(signature);
        }
        catch (FormatFaultException fault)
        {
            throw new ArgumentException(fault.Message, nameof(signature), fault);
        }

        ArgumentOutOfRangeException.ThrowIfZero(signature.Length, nameof(signature));
        return new RepositoryEntry(DescText.Sign(Desc.Span, signature), Files);
    }

    /// <summary>All fields of the <c>desc</c>, parsed anew at each call.</summary>
    public PackageDescription ReadDescription() => new(Desc.Span);

    /// <summary>The list of files as the <c>.files</c> database has it, unpacked at each call; null when it is not known.</summary>
    public IReadOnlyList<string>? ReadFileNames() => Files?.Read(new FileListSource.ChunkCache()) is { } text
        ? DescText.Parse(text.Span).GetValueOrDefault("FILES") ?? []
        : null;

    /// <summary>The bytes of the <c>files</c> member, unpacked at each call; null when they are not known.</summary>
    public ReadOnlyMemory<byte>? ReadFilesText() => Files?.Read(new FileListSource.ChunkCache());

    internal static RepositoryEntry FromDatabase(ReadOnlyMemory<byte> desc, FileListSource? files) => new(desc, files);

    /// <summary>The plain bytes that the entry takes in a database.</summary>
    internal int SizeIn(DatabaseKind kind)
    {
        var size = (2 * TarHeader.BlockSize) + Desc.Length + TarHeader.Padding(Desc.Length);
        return kind == DatabaseKind.Files && Files is { } files
            ? size + TarHeader.BlockSize + files.Length + TarHeader.Padding(files.Length)
            : size;
    }

    /// <summary>Lets the text of the list of files be found in a chunk, so that it is not kept twice.</summary>
    internal void MoveFiles(FileListSource place) => Volatile.Write(ref _files, place);

    private static RepositoryEntry FromArchive(
        Stream archive, string fileName, ReadOnlySpan<byte> signature, ArchiveLimits limits, CancellationToken cancellationToken)
    {
        if (!PackageFileName.IsSafe(fileName))
        {
            throw new FormatFaultException(FormatErrorCode.UnsafeName, $"{FormatError.Quote(fileName)} cannot be the name of an archive");
        }

        CheckSignature(signature);
        using var source = new DigestStream(archive);
        var contents = PackageArchive.Walk(source, PackageParts.Files, limits, cancellationToken);
        var digest = source.Finish(cancellationToken);
        var desc = DescText.Write(contents.Info, digest, fileName, signature);
        return new RepositoryEntry(desc, FileListSource.Pack(contents.Files!.Text));
    }

    private static void CheckSignature(ReadOnlySpan<byte> signature)
    {
        if (signature.Length > MaxSignatureBytes)
        {
            throw new FormatFaultException(FormatErrorCode.TooLarge, $"the signature has more than {MaxSignatureBytes} bytes");
        }

        if (signature.IndexOf("BEGIN PGP SIGNATURE"u8) >= 0)
        {
            throw new FormatFaultException(FormatErrorCode.InvalidValue, "the signature is armored; databases hold binary ones");
        }
    }

    /// <summary>Reads at most one byte more than is allowed.</summary>
    private static async Task<byte[]> ReadSignatureAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        var buffer = new byte[MaxSignatureBytes + 1];
        var length = await file.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return buffer[..length];
    }

    private static string Required(ReadOnlySpan<byte> desc, ReadOnlySpan<byte> header, string field) =>
        DescText.Only(desc, header, field) ?? throw new FormatFaultException(FormatErrorCode.MissingKey, $"a desc has no {field}");

    private static FormatFaultException Invalid(FormatErrorCode code, string what) => new(code, $"a desc has an invalid {what}");

    /// <summary>FNV-1a with a final mix: a stable hash, which string's own is not.</summary>
    private static uint HashName(string name)
    {
        var hash = 2166136261u;
        foreach (var c in name)
        {
            hash = (hash ^ c) * 16777619u;
        }

        hash ^= hash >> 16;
        hash *= 0x85ebca6b;
        hash ^= hash >> 13;
        hash *= 0xc2b2ae35;
        return hash ^ (hash >> 16);
    }
}
