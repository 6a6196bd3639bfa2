using System.Collections.Concurrent;

namespace Caur.Pipelines.Reading;

/// <summary>A source repository at one commit.</summary>
/// <param name="Commit">The commit, in full.</param>
/// <param name="Folders">Its package folders by pkgbase, as far as they were read.</param>
internal sealed record SourceSnapshot(string Commit, IReadOnlyDictionary<string, PackageFolder> Folders)
{
    private readonly ConcurrentDictionary<string, Deptree> _deptrees = new(StringComparer.Ordinal);

    private readonly IReadOnlyCollection<string>? _names;

    /// <summary>The names of all its package folders, also of those that were not read.</summary>
    public IReadOnlyCollection<string> Names
    {
        get => _names ?? [.. Folders.Keys];
        init => _names = value;
    }

    /// <summary>What its <c>.ci/config</c> says.</summary>
    public ConfigFile Config { get; init; } = ConfigFile.Missing;

    /// <summary>Folders at the root that are none of the repository's own: links and submodules, which are not followed. By name.</summary>
    public IReadOnlyList<string> NotFollowed { get; init; } = [];

    /// <summary>Whether there is a package folder of a name, read or not.</summary>
    public bool Has(string name) => _names?.Contains(name) ?? Folders.ContainsKey(name);

    /// <summary>The folders whose name can be that of a package, by name: what a target repository may hold.</summary>
    public IReadOnlyList<string> Pkgbases => [.. Names.Where(PackageFolder.IsName).Order(StringComparer.Ordinal)];

    /// <summary>What its folders depend on for an architecture. It never changes, and is made once.</summary>
    public Deptree DeptreeOf(string arch) => _deptrees.GetOrAdd(arch, static (name, folders) => new Deptree(folders.Values, name), Folders);
}
