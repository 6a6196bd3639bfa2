using System.Text;
using Caur.Pacman;

namespace Caur.Pipelines.Rebuilds;

/// <summary>
/// The versions that were in the databases when a run looked: lines of <c>pkgbase:version</c>, sorted by their bytes. The templates keep them as
/// <c>.ci/lib.state</c> (2024), <c>versions</c> or <c>.version-state</c>, all of this one form. A pkgbase that several databases have stands several
/// times, and a version holds colons of its own: the first colon ends the name.
/// </summary>
internal sealed class VersionSnapshot
{
    /// <summary>The greatest size that is read, in bytes: half a million packages.</summary>
    public const int MaxSize = 32 << 20;

    private readonly Dictionary<string, List<string>> _versions;

    private VersionSnapshot(Dictionary<string, List<string>> versions) => _versions = versions;

    public static VersionSnapshot Empty { get; } = new(new Dictionary<string, List<string>>(StringComparer.Ordinal));

    public IReadOnlyCollection<string> Names => _versions.Keys;

    public bool IsEmpty => _versions.Count == 0;

    /// <summary>The versions of a pkgbase, sorted by their text; none when no database had it.</summary>
    public IReadOnlyList<string> this[string pkgbase] => _versions.GetValueOrDefault(pkgbase) ?? [];

    public static VersionSnapshot Of(IEnumerable<KeyValuePair<string, string>> versions)
    {
        var all = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var (name, version) in versions)
        {
            if (!all.TryGetValue(name, out var known))
            {
                all[name] = known = new List<string>(1);
            }

            var at = known.BinarySearch(version, StringComparer.Ordinal);
            if (at < 0)
            {
                known.Insert(~at, version);
            }
        }

        return new VersionSnapshot(all);
    }

    /// <summary>Reads a file. A line that is none of a package is left out: one bad line must not cost a farm's memory of all others.</summary>
    public static VersionSnapshot Parse(ReadOnlySpan<byte> text)
    {
        if (text.Length > MaxSize)
        {
            return Empty;
        }

        var versions = new List<KeyValuePair<string, string>>();
        foreach (var line in Encoding.UTF8.GetString(text).Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && PackageName.IsValid(line.AsSpan(0, colon)) && PackageVersion.IsValid(line.AsSpan(colon + 1).TrimEnd('\r')))
            {
                versions.Add(new(line[..colon], line[(colon + 1)..].TrimEnd('\r')));
            }
        }

        return Of(versions);
    }

    /// <summary>The bytes of the file.</summary>
    public byte[] ToBytes()
    {
        var lines = _versions.SelectMany(known => known.Value.Select(version => $"{known.Key}:{version}")).ToArray();
        Array.Sort(lines, StringComparer.Ordinal);
        var text = new StringBuilder();
        foreach (var line in lines)
        {
            text.Append(line).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>All names with all their versions.</summary>
    public IEnumerable<KeyValuePair<string, string>> Pairs() =>
        _versions.SelectMany(known => known.Value.Select(version => new KeyValuePair<string, string>(known.Key, version)));
}
