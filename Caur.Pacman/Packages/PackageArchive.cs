namespace Caur.Pacman;

/// <summary>
/// Reads package archives (<c>.pkg.tar</c>, alone or with gzip, zstd or xz; the first bytes decide, not the name) as a stream,
/// within <see cref="ArchiveLimits"/>. Nothing is unpacked to disk.
/// </summary>
public static class PackageArchive
{
    private const string InfoName = ".PKGINFO";

    /// <summary>The .PKGINFO of an archive; what follows it is not read.</summary>
    /// <param name="archive">The archive from its start; left open, and read a little further than needed.</param>
    /// <param name="limits">What is borne; <see cref="ArchiveLimits.Package"/> when null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static FormatResult<PackageInfo> ReadInfo(
        Stream archive, ArchiveLimits? limits = null, CancellationToken cancellationToken = default) =>
        FormatFaultException.Catch(() => Walk(archive, PackageParts.Info, limits ?? ArchiveLimits.Package, cancellationToken).Info);

    /// <summary>The .PKGINFO and more of an archive.</summary>
    /// <inheritdoc cref="ReadInfo"/>
    public static FormatResult<PackageContents> Read(
        Stream archive, PackageParts parts, ArchiveLimits? limits = null, CancellationToken cancellationToken = default) =>
        FormatFaultException.Catch(() => Walk(archive, parts, limits ?? ArchiveLimits.Package, cancellationToken));

    /// <summary>The files of an archive as a <c>.files</c> database lists them. The whole archive is read.</summary>
    /// <inheritdoc cref="ReadInfo"/>
    public static FormatResult<PackageFileList> ListFiles(
        Stream archive, ArchiveLimits? limits = null, CancellationToken cancellationToken = default) =>
        FormatFaultException.Catch(() => Walk(archive, PackageParts.Files, limits ?? ArchiveLimits.Package, cancellationToken).Files!);

    internal static PackageContents Walk(Stream archive, PackageParts parts, ArchiveLimits limits, CancellationToken cancellationToken)
    {
        using var unpacked = Decompression.Open(archive);
        var tar = new TarReader(unpacked, limits, cancellationToken);
        var files = parts.HasFlag(PackageParts.Files) ? new PackageFileList.Builder(limits.MaxFileListBytes) : null;
        var wantsBuildInfo = parts.HasFlag(PackageParts.BuildInfo);
        PackageInfo? info = null;
        BuildInfo? buildInfo = null;
        while (tar.MoveNext())
        {
            files?.Add(tar.NameBytes.Span);
            if (tar.NameBytes.Span.SequenceEqual(".PKGINFO"u8))
            {
                RefuseUnlessFirstFile(tar, info is not null);
                info = PackageInfo.Read(tar.ReadContent(limits.MaxInfoBytes));
            }
            else if (wantsBuildInfo && tar.NameBytes.Span.SequenceEqual(".BUILDINFO"u8))
            {
                RefuseUnlessFirstFile(tar, buildInfo is not null);
                buildInfo = BuildInfo.Read(tar.ReadContent(limits.MaxBuildInfoBytes));
            }

            if (files is not null)
            {
                continue;
            }

            // makepkg puts the files about the package first: behind another one no .BUILDINFO comes.
            if (info is not null && (!wantsBuildInfo || buildInfo is not null || tar.NameBytes.Span[0] != '.'))
            {
                return new PackageContents(info, buildInfo, null);
            }

            CheckBeforeInfo(tar, limits);
        }

        if (info is null)
        {
            throw new FormatFaultException(FormatErrorCode.MissingMember, $"the archive has no {InfoName}");
        }

        if (files is not null)
        {
            tar.ReadToEnd();
        }

        return new PackageContents(info, buildInfo, files?.Build());
    }

    private static void RefuseUnlessFirstFile(TarReader tar, bool seen)
    {
        if (!tar.IsFile)
        {
            throw new FormatFaultException(FormatErrorCode.NotAFile, $"{tar.Name} is not a plain file");
        }

        if (seen)
        {
            throw new FormatFaultException(FormatErrorCode.Duplicate, $"the archive has a second {tar.Name}");
        }
    }

    private static void CheckBeforeInfo(TarReader tar, ArchiveLimits limits)
    {
        if (tar.Members >= limits.MaxMembersBeforeInfo)
        {
            throw new FormatFaultException(
                FormatErrorCode.MissingMember, $"no {InfoName} among the first {limits.MaxMembersBeforeInfo} members of the archive");
        }

        if (tar.Produced + tar.Size > limits.MaxBytesBeforeInfo)
        {
            throw new FormatFaultException(
                FormatErrorCode.TooLarge, $"no {InfoName} in the first {limits.MaxBytesBeforeInfo} bytes of the archive");
        }
    }
}
