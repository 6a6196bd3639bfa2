using Caur.Storage.State;

namespace Caur.Storage.Repositories;

/// <summary>The record <c>generation.json</c> of a generation: why it was made and what it changed.</summary>
[StateVersion(1)]
public sealed record GenerationInfo
{
    /// <summary>Its number, 1 or more.</summary>
    public int Number { get; init; }

    /// <summary>The generation that it followed when that is not the number before, because the repository had been set back; 0 for none,
    /// null for the number before.</summary>
    public int? After { get; init; }

    /// <summary>The publication that made it.</summary>
    public string Publication { get; init; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>The generation that a rollback brought back; null for none.</summary>
    public int? Restored { get; init; }

    /// <summary>The fingerprint of the key that signed its databases; empty in records that are older than this field.</summary>
    public string Key { get; init; } = "";

    /// <summary>The builds that caused it.</summary>
    public IReadOnlyList<string> Builds { get; init; } = [];

    /// <summary>Packages that came or changed.</summary>
    public IReadOnlyList<GenerationPackage> Added { get; init; } = [];

    /// <summary>Packages that went.</summary>
    public IReadOnlyList<GenerationPackage> Removed { get; init; } = [];

    /// <summary>How many packages it has.</summary>
    public int Packages { get; init; }

    /// <summary>Files that the generation before names and this one does not.</summary>
    public IReadOnlyList<string> Left { get; init; } = [];

    /// <summary>All files that left the database at some time and are in the folder still, with the time.</summary>
    public IReadOnlyList<RetiredFile> Retired { get; init; } = [];
}

/// <summary>A generation that is there, but whose record cannot be read. Nothing but the current one's is needed to publish.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Time">When its database was made, as far as is known.</param>
/// <param name="Damage">What is wrong, for people.</param>
public sealed record DamagedGeneration(int Number, DateTimeOffset Time, string Damage);

/// <summary>A package in the record of a generation.</summary>
/// <param name="Pkgname">Its name.</param>
/// <param name="Pkgbase">Its pkgbase.</param>
/// <param name="Version">Its version.</param>
/// <param name="File">Its file.</param>
/// <param name="Build">The build that made it, where that is known.</param>
/// <param name="Replaces">The version in the generation before, if any.</param>
public sealed record GenerationPackage(
    string Pkgname, string Pkgbase, string Version, string File, string? Build = null, string? Replaces = null);

/// <summary>A file that left the database.</summary>
/// <param name="File">Its name.</param>
/// <param name="Since">When it left.</param>
public sealed record RetiredFile(string File, DateTimeOffset Since);
