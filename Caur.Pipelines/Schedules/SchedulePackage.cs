using Caur.Pacman;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Schedules;

/// <summary>A package folder at the commit that a schedule run looks at.</summary>
/// <param name="PkgBase">The folder's name.</param>
/// <param name="Config">Its <c>.CI/config</c>; empty when there is none.</param>
/// <param name="Srcinfo">Its .SRCINFO, with <c>source</c> and sums; null when there is none that can be read, which an update may mend.</param>
/// <param name="Problem">
/// Why nothing can be decided for the folder, in words: a bad name, a config that cannot be read. It is told and skipped.
/// </param>
internal sealed record SchedulePackage(string PkgBase, CiConfigText Config, Srcinfo? Srcinfo, string? Problem = null)
{
    /// <summary>Whether it has a <c>.CI/update.sh</c>.</summary>
    public bool HasHook { get; init; }
}

/// <summary>Gives the files of a package folder: only of those few for which something is new.</summary>
internal interface IPackageFolders
{
    /// <summary>All files of a folder at the commit that the run looks at.</summary>
    Task<FileTree> ReadAsync(string pkgbase, CancellationToken cancellationToken);
}
