using Caur.Pacman;

namespace Caur.Storage.Repositories;

/// <summary>Tells what lies between two generations.</summary>
internal static class GenerationChanges
{
    /// <summary>The record of the generation that a plan makes.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="before">The record of the generation before; null for none.</param>
    /// <param name="old">Its database.</param>
    /// <param name="database">The new database.</param>
    /// <param name="key">The fingerprint of the key that signs it.</param>
    /// <param name="now">When it is made.</param>
    /// <param name="isThere">Whether a file is in the repository's folder.</param>
    public static GenerationInfo Describe(
        PublicationPlan plan,
        GenerationInfo? before,
        RepositoryDatabase old,
        RepositoryDatabase database,
        string key,
        DateTimeOffset now,
        Func<string, bool> isThere)
    {
        var builds = plan.Add.ToDictionary(package => package.Pkgname, package => package.Build, StringComparer.Ordinal);
        var added = new List<GenerationPackage>();
        foreach (var entry in database)
        {
            var earlier = old.Find(entry.Name);
            if (earlier is null || (!ReferenceEquals(earlier, entry) && !earlier.Desc.Span.SequenceEqual(entry.Desc.Span)))
            {
                added.Add(Describe(entry) with
                {
                    Build = builds.GetValueOrDefault(entry.Name.ToString()),
                    Replaces = earlier?.Version.ToString(),
                });
            }
        }

        var files = database.Select(entry => entry.FileName).ToHashSet(StringComparer.Ordinal);
        var left = old.Select(entry => entry.FileName).Where(file => !files.Contains(file)).ToList();
        var retired = (before?.Retired ?? [])
            .Where(file => !files.Contains(file.File) && isThere(file.File))
            .Concat(left.Select(file => new RetiredFile(file, now)));
        return new GenerationInfo
        {
            Number = plan.Number ?? plan.BaseGeneration + 1,
            After = plan.Number is null ? null : plan.BaseGeneration,
            Publication = plan.Id,
            Time = now,
            Restored = plan.Restore,
            Key = key,
            Builds = plan.Builds,
            Added = added,
            Removed = [.. old.Where(entry => database.Find(entry.Name) is null).Select(Describe)],
            Packages = database.Count,
            Left = left,
            Retired = [.. retired],
        };
    }

    private static GenerationPackage Describe(RepositoryEntry entry) =>
        new(entry.Name.ToString(), entry.PkgBase.ToString(), entry.Version.ToString(), entry.FileName);
}
