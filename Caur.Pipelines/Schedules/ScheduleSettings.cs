using System.Globalization;
using Caur.Pacman;
using Caur.Pipelines.Reading;

namespace Caur.Pipelines.Schedules;

/// <summary>What of a repository's <c>.ci/config</c> a schedule run goes by.</summary>
internal sealed record ScheduleSettings
{
    /// <summary><c>CI_MAX_PARALLEL</c>: how many packages are looked at at the same time. Default: 8.</summary>
    public int MaxParallel { get; init; } = 8;

    /// <summary><c>CI_LIB_DB</c>: the databases whose versions are followed; null for none.</summary>
    public string? Databases { get; init; }

    /// <summary><c>CI_REBUILD_BLACKLIST</c>: what never causes a rebuild.</summary>
    public string? RebuildBlacklist { get; init; }

    /// <summary><c>CI_NVCHECKER_REVIEW</c>: whether what nvchecker finds is reviewed. Default: true.</summary>
    public bool ReviewNvchecker { get; init; } = true;

    /// <summary>Reads the settings. What makes no sense is told.</summary>
    public static ScheduleSettings Of(CiConfig config, ICollection<string> problems)
    {
        var parallel = 8;
        if (config["CI_MAX_PARALLEL"] is { } text && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out parallel) || parallel is < 1 or > RepositorySettings.MostParallel))
        {
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"CI_MAX_PARALLEL is '{Polite.Shown.Short(text, 60)}'; it is a number from 1 to {RepositorySettings.MostParallel}"));
            parallel = 8;
        }

        return new ScheduleSettings
        {
            MaxParallel = parallel,
            Databases = config["CI_LIB_DB"],
            RebuildBlacklist = config["CI_REBUILD_BLACKLIST"],
            ReviewNvchecker = config["CI_NVCHECKER_REVIEW"] is null || config.IsTrue("CI_NVCHECKER_REVIEW"),
        };
    }
}
