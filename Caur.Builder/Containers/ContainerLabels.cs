using System.Globalization;
using Caur.Protocol.Builders;

namespace Caur.Builder.Containers;

/// <summary>The labels by which an agent knows its containers again.</summary>
internal static class ContainerLabels
{
    public const string Build = "caur.build";
    public const string Attempt = "caur.attempt";
    public const string Builder = "caur.builder";
    public const string Instance = "caur.instance";

    /// <summary>When it was made, in milliseconds since 1970.</summary>
    public const string Started = "caur.started";

    /// <summary>Which attempt a container belongs to; null when its labels do not say.</summary>
    public static AttemptRef? AttemptOf(IReadOnlyDictionary<string, string>? labels) =>
        labels is not null
        && labels.TryGetValue(Build, out var build)
        && labels.TryGetValue(Attempt, out var number)
        && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed)
            ? new AttemptRef(build, parsed)
            : null;
}
