namespace Caur.Pipelines.Rebuilds;

/// <summary>A database of <c>CI_LIB_DB</c>, as it is now.</summary>
/// <param name="Name">The repository's name: <c>extra</c> of <c>https://.../extra.db</c>.</param>
/// <param name="Versions">The versions in it by pkgbase, without order; several for a pkgbase whose packages differ. Null when it could not be read.</param>
/// <param name="Problem">Why it could not be read.</param>
internal sealed record FollowedDatabase(string Name, IReadOnlyDictionary<string, IReadOnlyList<string>>? Versions, string? Problem);
