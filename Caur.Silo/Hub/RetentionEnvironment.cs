using System.Globalization;
using Caur.Storage.Logs;
using Caur.Storage.Repositories;

namespace Caur.Silo.Hub;

/// <summary>How long things are kept, by the environment. What is wrong was told by <c>ConfigurationCheck</c> before.</summary>
internal static class RetentionEnvironment
{
    /// <summary>Of logs.</summary>
    public static LogRetention Logs(Func<string, string?> variable)
    {
        var keep = new LogRetention();
        return new LogRetention
        {
            MaxAge = Number(variable, "CAUR_LOGS_DAYS") is { } days ? TimeSpan.FromDays(days) : keep.MaxAge,
            MaxPerPkgbase = Number(variable, "CAUR_LOGS_PER_PACKAGE") ?? keep.MaxPerPkgbase,
        };
    }

    /// <summary>Of repositories.</summary>
    public static RepositoryStoreOptions Repositories(Func<string, string?> variable)
    {
        var keep = new RepositoryStoreOptions();
        return keep with
        {
            KeepGenerations = Number(variable, "CAUR_KEEP_GENERATIONS") ?? keep.KeepGenerations,
            GenerationGrace = Number(variable, "CAUR_GENERATION_GRACE") is { } generation ? TimeSpan.FromHours(generation) : keep.GenerationGrace,
            MostGenerations = Number(variable, "CAUR_MOST_GENERATIONS") ?? keep.MostGenerations,
            FileGrace = Number(variable, "CAUR_FILE_GRACE") is { } file ? TimeSpan.FromHours(file) : keep.FileGrace,
            ArchiveFor = Number(variable, "CAUR_ARCHIVE_DAYS") is { } days ? TimeSpan.FromDays(days) : keep.ArchiveFor,
        };
    }

    private static int? Number(Func<string, string?> variable, string name) =>
        variable(name) is { Length: > 0 } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
}
