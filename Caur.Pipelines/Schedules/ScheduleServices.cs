using Caur.Pipelines.Aur;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.Sandbox;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Schedules;

/// <summary>Whom a schedule run asks.</summary>
internal sealed record ScheduleServices
{
    public required AurClient Aur { get; init; }

    public required AurOptions AurOptions { get; init; }

    public required GitUpstream Git { get; init; }

    public required GitUrlRules UrlRules { get; init; }

    public required GitlabTags Gitlab { get; init; }

    public required LibraryDatabases Databases { get; init; }

    public IPkgbuildFormatter Formatter { get; init; } = new NoFormatter();

    /// <summary>Runs scripts of packages; null where there is no container engine, and then packages with scripts are told so.</summary>
    public PackageScripts? Scripts { get; init; }
}
