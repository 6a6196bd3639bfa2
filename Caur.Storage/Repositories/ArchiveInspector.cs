using System.Globalization;
using Caur.Pacman;
using Caur.Storage.Files;

namespace Caur.Storage.Repositories;

/// <summary>Looks whether a landed archive is what was ordered. Bad input is a result with every reason, never an exception.</summary>
public static class ArchiveInspector
{
    /// <summary>Reads an archive once, wholly, off the caller's turn.</summary>
    /// <remarks>As for pacman and repo-add, .PKGINFO alone says what a package is; .BUILDINFO and .MTREE are part of its content, which the
    /// farm's signature covers. A signature that came with it is not looked at.</remarks>
    /// <param name="archive">What the builder brought.</param>
    /// <param name="expected">What was ordered.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="limits">What is borne; <see cref="ArchiveLimits.Package"/> when null.</param>
    /// <exception cref="IOException">The disk fails.</exception>
    public static Task<ArchiveInspection> InspectAsync(
        OfferedArchive archive, ArchiveExpectation expected, CancellationToken cancellationToken, ArchiveLimits? limits = null) =>
        Task.Run(() => InspectCoreAsync(archive, expected, limits, cancellationToken), cancellationToken);

    private static async Task<ArchiveInspection> InspectCoreAsync(
        OfferedArchive archive, ArchiveExpectation expected, ArchiveLimits? limits, CancellationToken cancellationToken)
    {
        var problems = new List<ArchiveProblem>();
        void Problem(ArchiveProblemKind kind, string text) => problems.Add(new ArchiveProblem(kind, $"{Shown(archive.FileName)}: {text}"));

        var file = new FileInfo(archive.Path);
        if (!Libc.IsRegularFile(archive.Path))
        {
            if (file.Exists || file.LinkTarget is not null || Directory.Exists(archive.Path))
            {
                Problem(ArchiveProblemKind.NotAFile, "it is a link, a folder or a pipe, not a file");
            }
            else
            {
                Problem(ArchiveProblemKind.Missing, "it is not in the landing zone");
            }

            return new ArchiveInspection(problems, null);
        }

        if (file.Length != archive.Size)
        {
            Problem(
                ArchiveProblemKind.Size,
                string.Create(CultureInfo.InvariantCulture, $"it has {file.Length} bytes, {archive.Size} were reported"));
        }

        var (entry, fault) = await ReadAsync(archive, limits, cancellationToken);
        var hash = entry?.Description.Sha256Sum ?? await FileHash.Sha256Async(archive.Path, cancellationToken);
        if (!string.Equals(hash, archive.Sha256, StringComparison.OrdinalIgnoreCase))
        {
            Problem(ArchiveProblemKind.Hash, $"its SHA-256 is {hash}, {Shown(archive.Sha256)} was reported");
        }

        if (entry is null)
        {
            Problem(ArchiveProblemKind.NotAPackage, $"it is no sound package archive: {fault}");
        }
        else
        {
            Compare(archive, expected, entry.Entry, entry.Description.Architecture, Problem);
        }

        return new ArchiveInspection(problems, entry?.Entry);
    }

    private static void Compare(
        OfferedArchive archive, ArchiveExpectation expected, RepositoryEntry entry, string arch, Action<ArchiveProblemKind, string> problem)
    {
        if (entry.PkgBase.ToString() != expected.Pkgbase)
        {
            problem(ArchiveProblemKind.Pkgbase, $"it is of pkgbase {entry.PkgBase}, {expected.Pkgbase} was ordered");
        }

        if (expected.Pkgnames is { } allowed && !allowed.Contains(entry.Name.ToString()))
        {
            problem(ArchiveProblemKind.Pkgname, $"it is {entry.Name}, which {expected.Pkgbase} is not to make");
        }

        if (arch != "any" && arch != expected.Arch)
        {
            problem(ArchiveProblemKind.Arch, $"it is for '{arch}', {expected.Arch} was ordered");
        }

        if (!PathGuard.IsSafeName(archive.FileName)
            || !PackageFileName.TryParse(archive.FileName, out var name)
            || name.Name != entry.Name
            || name.Version != entry.Version
            || name.Architecture != arch)
        {
            problem(ArchiveProblemKind.FileName, $"by its .PKGINFO its name is {entry.Name}-{entry.Version}-{arch}.pkg.tar.*");
        }
    }

    private static async Task<(Read? Entry, string Fault)> ReadAsync(
        OfferedArchive archive, ArchiveLimits? limits, CancellationToken cancellationToken)
    {
        // A name that no package can have is told of beside everything else; the entry needs one that can be written.
        var name = PackageFileName.IsSafe(archive.FileName) ? archive.FileName : "unnamed.pkg.tar";
        await using var stream = new FileStream(
            archive.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        var result = await RepositoryEntry.FromArchiveAsync(stream, name, limits: limits, cancellationToken: cancellationToken);
        return result.IsValid
            ? (new Read(result.Value, result.Value.ReadDescription()), "")
            : (null, string.Join("; ", result.Errors));
    }

    private static string Shown(string text) => text.Length <= 300 ? text : text[..300] + "...";

    private sealed record Read(RepositoryEntry Entry, PackageDescription Description);
}
