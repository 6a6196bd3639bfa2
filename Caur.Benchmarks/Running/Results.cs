using System.Text.Json.Serialization;

namespace Caur.Benchmarks.Running;

/// <summary>Whose figure a line is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LineKind>))]
internal enum LineKind
{
    /// <summary>Caur's.</summary>
    Caur,

    /// <summary>Another program's, measured in the same run.</summary>
    Peer,

    /// <summary>Measured at another time; here for orientation, never part of a ratio.</summary>
    Known,
}

/// <summary>One measurement.</summary>
/// <param name="Value">In the line's unit.</param>
/// <param name="CpuSeconds">The processor time of this process, of the children that ended meanwhile and of the servers that are measured.</param>
internal sealed record Sample(double Value, double CpuSeconds);

/// <summary>What a line has to reach.</summary>
internal sealed record Goal(double Limit, bool AtLeast)
{
    public bool IsMet(double value) => AtLeast ? value >= Limit : value <= Limit;

    public static Goal AtMost(double limit) => new(limit, AtLeast: false);

    public static Goal AtLeastOf(double limit) => new(limit, AtLeast: true);
}

/// <summary>What was measured one way, several times.</summary>
internal sealed class Line
{
    public required string Label { get; init; }

    public required LineKind Kind { get; init; }

    public required string Unit { get; init; }

    public Goal? Goal { get; init; }

    /// <summary>Milliseconds that were added to each sync.</summary>
    public int SyncDelay { get; init; }

    public List<Sample> Samples { get; init; } = [];

    [JsonIgnore]
    public bool HigherIsBetter => Unit.EndsWith("/s", StringComparison.Ordinal);

    public Spread? Value => Spread.Of(Samples.Select(static sample => sample.Value));

    public Spread? CpuSeconds => Spread.Of(Samples.Select(static sample => sample.CpuSeconds));

    public bool? GoalIsMet => Goal is null || Value is null || SyncDelay > 0 ? null : Goal.IsMet(Value.Median);
}

/// <summary>A median with the least and the most.</summary>
internal sealed record Spread(double Median, double Min, double Max)
{
    public static Spread? Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? null : new Spread(
            (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0], sorted[^1]);
    }
}

/// <summary>How many times better one line is than another, measurement by measurement.</summary>
internal sealed record Ratio(string Line, string Peer, int SyncDelay, Spread Times)
{
    public static Ratio? Of(Line ours, Line peer) => Spread.Of(ours.Samples.Zip(
        peer.Samples, (our, their) => ours.HigherIsBetter ? our.Value / their.Value : their.Value / our.Value)) is { } times
            ? new Ratio(ours.Label, peer.Label, ours.SyncDelay, times)
            : null;
}

/// <summary>Something that cannot be measured here.</summary>
internal sealed record NotMeasured(string What, string Why);

/// <summary>All of one row.</summary>
internal sealed class RowResult
{
    public required string Name { get; init; }

    public required string Work { get; init; }

    public List<Line> Lines { get; init; } = [];

    public List<Ratio> Ratios { get; init; } = [];

    public List<string> Notes { get; init; } = [];

    public List<NotMeasured> NotMeasured { get; init; } = [];

    /// <summary>Why the row failed; null when it did not.</summary>
    public string? Failure { get; set; }
}

/// <summary>The machine, and how busy it was with other things.</summary>
internal sealed record MachineResult
{
    public required int Processors { get; init; }

    public required string Processor { get; init; }

    public required string FileSystem { get; init; }

    public required string Runtime { get; init; }

    /// <summary>The load average of a minute at the begin and at the end.</summary>
    public required double LoadBefore { get; init; }

    public double LoadAfter { get; set; }

    /// <summary>What a sync of 4 KiB more costs, in ms, in the folder of the measurements.</summary>
    public required Spread SyncMilliseconds { get; init; }

    /// <summary>The same while syncs were made slow.</summary>
    public Spread? SlowSyncMilliseconds { get; set; }
}

/// <summary>A run.</summary>
internal sealed class BenchResult
{
    public required DateTimeOffset Time { get; init; }

    public required bool Quick { get; init; }

    public required MachineResult Machine { get; init; }

    public List<RowResult> Rows { get; init; } = [];
}
