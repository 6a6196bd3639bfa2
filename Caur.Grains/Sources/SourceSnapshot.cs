namespace Caur.Grains.Sources;

/// <summary>A source repository at one commit.</summary>
/// <param name="Commit">The commit, in full.</param>
/// <param name="Folders">Its package folders by pkgbase.</param>
internal sealed record SourceSnapshot(string Commit, IReadOnlyDictionary<string, PackageFolder> Folders);

/// <summary>A source repository could not be read. The message says what to do.</summary>
internal sealed class SourceUnavailableException(string message) : Exception(message);
