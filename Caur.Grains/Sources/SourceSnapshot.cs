using System.Collections.Concurrent;

namespace Caur.Grains.Sources;

/// <summary>A source repository at one commit.</summary>
/// <param name="Commit">The commit, in full.</param>
/// <param name="Folders">Its package folders by pkgbase.</param>
internal sealed record SourceSnapshot(string Commit, IReadOnlyDictionary<string, PackageFolder> Folders)
{
    private readonly ConcurrentDictionary<string, Deptree> _deptrees = new(StringComparer.Ordinal);

    /// <summary>What its folders depend on for an architecture. It never changes, and is made once.</summary>
    public Deptree DeptreeOf(string arch) => _deptrees.GetOrAdd(arch, static (name, folders) => new Deptree(folders.Values, name), Folders);
}

/// <summary>A source repository could not be read.</summary>
/// <param name="message">What to do, for whoever asked.</param>
/// <param name="detail">The same with the paths of the hub's machine, for its log; null when there are none.</param>
internal sealed class SourceUnavailableException(string message, string? detail = null) : Exception(message)
{
    /// <summary>For the hub's log.</summary>
    public string Detail => detail ?? Message;
}
