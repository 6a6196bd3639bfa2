using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Ids;
using Caur.Pacman;

namespace Caur.Grains.Sources;

/// <summary>What a folder's <c>.CI/config</c> asks of its builder: <c>BUILDER_CLASS</c> of the manual, and the farm's own
/// <c>BUILDER_LABELS</c> (words with spaces or commas between), <c>BUILDER_MEMORY</c> and <c>BUILDER_DISK</c> (MiB, or a number with G).</summary>
internal sealed record BuilderWish(string? Class, ImmutableArray<string> Labels, int MemoryMiB, int DiskMiB)
{
    /// <summary>More than this is a mistake: 1 PiB.</summary>
    private const int MostMiB = 1024 * 1024 * 1024;

    private const int MostLabels = 16;

    /// <summary>Reads it.</summary>
    /// <returns>What is wrong, for people; null when nothing is.</returns>
    public static string? Read(CiConfig config, out BuilderWish wish)
    {
        var labels = (config["BUILDER_LABELS"] ?? "").Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var (memory, disk) = (Size(config["BUILDER_MEMORY"]), Size(config["BUILDER_DISK"]));
        var @class = config["BUILDER_CLASS"];
        wish = new BuilderWish(@class, [.. labels.Distinct(StringComparer.Ordinal)], memory ?? 0, disk ?? 0);
        return @class is not null && BuilderClasses.Problem(@class) is { } problem ? $"BUILDER_CLASS in its .CI/config: {problem}"
            : labels.Length > MostLabels || !labels.All(Names.IsValid) ? $"BUILDER_LABELS in its .CI/config wants at most {MostLabels} words of letters, digits and @ . _ + -"
            : memory is null ? $"BUILDER_MEMORY in its .CI/config is no size: MiB are wanted, or a number with G, not '{config["BUILDER_MEMORY"]}'"
            : disk is null ? $"BUILDER_DISK in its .CI/config is no size: MiB are wanted, or a number with G, not '{config["BUILDER_DISK"]}'"
            : null;
    }

    private static int? Size(string? text)
    {
        if (text is null)
        {
            return 0;
        }

        var factor = text[^1] is 'G' or 'g' ? 1024 : 1;
        return long.TryParse(factor == 1 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= MostMiB / factor ? (int)(number * factor) : null;
    }
}
