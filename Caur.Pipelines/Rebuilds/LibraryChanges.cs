namespace Caur.Pipelines.Rebuilds;

/// <summary>A pkgbase that has another version than when a run looked last.</summary>
/// <param name="PkgBase">The pkgbase.</param>
/// <param name="From">Its version then; null when no database had it.</param>
/// <param name="To">Its version now.</param>
internal sealed record LibraryChange(string PkgBase, string? From, string To)
{
    /// <summary>For a reason: <c>libfoo 1.2-1 -> 1.3-1</c>.</summary>
    public override string ToString() => From is null ? $"{PkgBase} {To}, which is new" : $"{PkgBase} {From} -> {To}";
}

/// <summary>
/// What has changed in the databases since the last run, and what is remembered for the next.
/// </summary>
/// <remarks>
/// Other than in the templates, a database that could not be loaded keeps what was remembered of it (there, all its packages count as changed at the
/// next run), one that is followed for the first time changes nothing, and names that differ only in dots are different names.
/// </remarks>
internal sealed class LibraryChanges
{
    private LibraryChanges(IReadOnlyDictionary<string, LibraryChange> changed, VersionSnapshot now, IReadOnlyList<string> problems)
    {
        Changed = changed;
        Now = now;
        Problems = problems;
    }

    public static LibraryChanges None { get; } =
        new(new Dictionary<string, LibraryChange>(StringComparer.Ordinal), VersionSnapshot.Empty, []);

    /// <summary>By pkgbase.</summary>
    public IReadOnlyDictionary<string, LibraryChange> Changed { get; }

    /// <summary>What is remembered for the next run.</summary>
    public VersionSnapshot Now { get; }

    /// <summary>What could not be read, in words.</summary>
    public IReadOnlyList<string> Problems { get; }

    public static LibraryChanges Compare(VersionSnapshot before, IReadOnlyList<FollowedDatabase> databases)
    {
        var changed = new Dictionary<string, LibraryChange>(StringComparer.Ordinal);
        var now = new List<KeyValuePair<string, string>>();
        var problems = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var database in databases)
        {
            if (database.Versions is null)
            {
                problems.Add($"{database.Name}: {database.Problem}");
                continue;
            }

            // A database of which most was never seen is followed for the first time, or was lost at the last run: nothing in it is news.
            var followed = 2 * database.Versions.Keys.Count(name => before[name].Count > 0) >= database.Versions.Count;
            foreach (var (name, versions) in database.Versions)
            {
                // Packages of one pkgbase can differ in their versions: as long as the remembered one is among them, nothing has changed.
                var known = before[name];
                var same = known.FirstOrDefault(version => versions.Contains(version, StringComparer.Ordinal));
                var version = same ?? versions[0];
                now.Add(new(name, version));
                seen.Add(name);
                if (same is null && (followed || known.Count > 0))
                {
                    changed[name] = new LibraryChange(name, Former(name, known, databases), version);
                }
            }
        }

        if (problems.Count > 0 || databases.Count == 0)
        {
            // No line says which database it is from: what no other database has is of one that did not come, or gone.
            now.AddRange(before.Pairs().Where(pair => !seen.Contains(pair.Key)));
        }

        return new LibraryChanges(changed, VersionSnapshot.Of(now), problems);
    }

    /// <summary>Which changes a package is to be rebuilt for: those of its <c>CI_REBUILD_TRIGGERS</c> that are not in the repository's blacklist.</summary>
    /// <param name="triggers">Names, separated by colons; null for none.</param>
    /// <param name="blacklist">Names that never cause a rebuild, separated by colons; null for none.</param>
    /// <param name="missed">Those that earlier runs saw and did not rebuild it for; null for none.</param>
    public IReadOnlyList<LibraryChange> For(string? triggers, string? blacklist, MissedLibraries? missed = null)
    {
        missed ??= MissedLibraries.None;
        if (triggers is null || (Changed.Count == 0 && missed.From.Count == 0))
        {
            return [];
        }

        var never = Names(blacklist).ToHashSet(StringComparer.Ordinal);
        return [.. Names(triggers).Where(name => !never.Contains(name)).Distinct(StringComparer.Ordinal).Select(name => Changed.GetValueOrDefault(name) ?? Again(name, missed)).OfType<LibraryChange>()];
    }

    private LibraryChange? Again(string name, MissedLibraries missed) =>
        missed.From.TryGetValue(name, out var from) && Now[name] is { Count: > 0 } versions && (from is null || !versions.Contains(from, StringComparer.Ordinal))
            ? new LibraryChange(name, from, versions[^1])
            : null;

    /// <summary>Those of a package's <c>CI_REBUILD_TRIGGERS</c> that can never cause a rebuild, because no followed database has such a pkgbase: a
    /// pkgname of another pkgbase, say, or what was renamed.</summary>
    public IReadOnlyList<string> NeverFor(string? triggers) =>
        Now.IsEmpty ? [] : [.. Names(triggers).Distinct(StringComparer.Ordinal).Where(name => Now[name].Count == 0)];

    /// <summary>Of several remembered versions the one that no database has any more.</summary>
    private static string? Former(string name, IReadOnlyList<string> known, IReadOnlyList<FollowedDatabase> databases) =>
        known.FirstOrDefault(version => !databases.Any(database =>
            database.Versions?.GetValueOrDefault(name)?.Contains(version, StringComparer.Ordinal) == true))
        ?? (known.Count > 0 ? known[^1] : null);

    private static IEnumerable<string> Names(string? list) =>
        (list ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
