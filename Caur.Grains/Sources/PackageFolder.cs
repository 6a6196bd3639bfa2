using Caur.Pacman;

namespace Caur.Grains.Sources;

/// <summary>One package folder at a commit.</summary>
/// <param name="Pkgbase">The folder's name.</param>
/// <param name="Srcinfo">What its .SRCINFO says, or null when it cannot be used.</param>
/// <param name="Config">What its <c>.CI/config</c> says.</param>
/// <param name="Problem">Why the folder cannot be built, and what to do; null when it can.</param>
internal sealed record PackageFolder(string Pkgbase, Srcinfo? Srcinfo, CiConfig Config, string? Problem);
