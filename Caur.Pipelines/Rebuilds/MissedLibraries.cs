using Caur.Pacman;

namespace Caur.Pipelines.Rebuilds;

/// <summary>Changes of libraries that a package was not bumped for, because it could not be looked at when they were seen: the databases' versions are
/// remembered once for all packages, and nobody would see these changes again.</summary>
internal sealed class MissedLibraries
{
    // Neither names nor versions hold a slash, and names no colon.
    private const char Between = '/';
    private const int Most = 100;

    private readonly SortedDictionary<string, string?> _from = new(StringComparer.Ordinal);

    public static MissedLibraries None => new();

    /// <summary>The version that each had before, by pkgbase; null when no database had it.</summary>
    public IReadOnlyDictionary<string, string?> From => _from;

    /// <summary>As it is remembered: <c>libbar:1:2-1/libfoo:1.2-1</c>; null for none.</summary>
    public string? Text => _from.Count == 0 ? null : string.Join(Between, _from.Select(one => $"{one.Key}:{one.Value}"));

    /// <summary>Reads what was remembered. What is no library is left out.</summary>
    public static MissedLibraries Parse(string? text)
    {
        var missed = new MissedLibraries();
        foreach (var item in (text ?? "").Split(Between).Take(Most))
        {
            if (item.Split(':', 2) is [var name, var version] && PackageName.IsValid(name) && !version.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            {
                missed._from[name] = version.Length == 0 ? null : version;
            }
        }

        return missed;
    }

    /// <summary>The same with more of them. What was missed first stays what it was.</summary>
    public MissedLibraries With(IEnumerable<LibraryChange> changes)
    {
        var more = Parse(Text);
        foreach (var change in changes)
        {
            more._from.TryAdd(change.PkgBase, change.From);
        }

        return more;
    }
}
