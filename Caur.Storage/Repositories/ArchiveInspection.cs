using Caur.Pacman;

namespace Caur.Storage.Repositories;

/// <summary>What an archive is expected to be.</summary>
/// <param name="Pkgbase">The pkgbase that was ordered.</param>
/// <param name="Arch">The architecture that was ordered; packages for <c>any</c> are right too.</param>
/// <param name="Pkgnames">The pkgnames that it may be; null: any.</param>
public sealed record ArchiveExpectation(string Pkgbase, string Arch, IReadOnlyCollection<string>? Pkgnames = null);

/// <summary>The answer of an inspection.</summary>
/// <param name="Problems">Everything that is wrong; empty when nothing is.</param>
/// <param name="Entry">The package, unsigned; null when the archive could not be read.</param>
public sealed record ArchiveInspection(IReadOnlyList<ArchiveProblem> Problems, RepositoryEntry? Entry)
{
    /// <summary>True when the archive is what was ordered.</summary>
    public bool IsGood => Problems.Count == 0;
}

/// <summary>One thing that is wrong with an archive.</summary>
/// <param name="Kind">For programs.</param>
/// <param name="Text">For people, with the file's name.</param>
public sealed record ArchiveProblem(ArchiveProblemKind Kind, string Text);

/// <summary>What can be wrong with an archive.</summary>
public enum ArchiveProblemKind
{
    /// <summary>The file is not there.</summary>
    Missing,

    /// <summary>It is a link, a folder, a pipe or a device, and was not opened.</summary>
    NotAFile,

    /// <summary>It has another size than was said.</summary>
    Size,

    /// <summary>It has another hash than was said.</summary>
    Hash,

    /// <summary>It is no package archive, or a damaged one.</summary>
    NotAPackage,

    /// <summary>It is a package of another pkgbase.</summary>
    Pkgbase,

    /// <summary>It is a package that the pkgbase is not to make.</summary>
    Pkgname,

    /// <summary>It is for another architecture.</summary>
    Arch,

    /// <summary>Its name is not <c>pkgname-version-arch.pkg.tar.*</c> of what is in it.</summary>
    FileName,
}
