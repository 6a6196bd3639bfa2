using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Caur.Api.Metrics;

/// <summary>Writes metrics in Prometheus' text exposition format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/) or OpenMetrics 1.0
/// (https://prometheus.io/docs/specs/om/open_metrics_spec/), with names as OpenTelemetry's specification maps them: dots to underscores, the
/// unit behind, <c>_total</c> behind a counter. A histogram without buckets is a summary without quantiles.</summary>
internal sealed class PrometheusText(bool openMetrics)
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private static readonly string[] Reserved = ["_total", "_count", "_sum", "_bucket"];

    private readonly StringBuilder _text = new();
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);

    public void Write(Batch<Metric> batch)
    {
        foreach (var metric in batch)
        {
            Write(metric);
        }
    }

    public override string ToString() => openMetrics ? $"{_text}# EOF\n" : _text.ToString();

    private void Write(Metric metric)
    {
        var name = NameOf(metric);
        if (!_written.Add(name))
        {
            // Two meters with one name; the first one counts.
            return;
        }

        var type = TypeOf(metric, name);
        var family = openMetrics && type == "counter" ? name[..^"_total".Length] : name;
        _text.Append("# HELP ").Append(family).Append(' ').Append(EscapeHelp(metric.Description)).Append('\n');
        _text.Append("# TYPE ").Append(family).Append(' ').Append(type).Append('\n');
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            switch (metric.MetricType)
            {
                case MetricType.Histogram:
                    WriteHistogram(name, in point);
                    break;
                case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                    Line(name, in point, null, point.GetSumLong());
                    break;
                case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                    Line(name, in point, null, point.GetSumDouble());
                    break;
                case MetricType.LongGauge:
                    Line(name, in point, null, point.GetGaugeLastValueLong());
                    break;
                case MetricType.DoubleGauge:
                    Line(name, in point, null, point.GetGaugeLastValueDouble());
                    break;
            }
        }
    }

    private void WriteHistogram(string name, in MetricPoint point)
    {
        var cumulative = 0L;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            cumulative += bucket.BucketCount;
            var bound = double.IsPositiveInfinity(bucket.ExplicitBound) ? "+Inf" : Number(bucket.ExplicitBound);
            Line($"{name}_bucket", in point, bound, cumulative);
        }

        Line($"{name}_sum", in point, null, point.GetHistogramSum());
        Line($"{name}_count", in point, null, point.GetHistogramCount());
    }

    private void Line(string name, in MetricPoint point, string? le, double value)
    {
        _text.Append(name);
        var open = '{';
        foreach (var tag in point.Tags)
        {
            _text.Append(open).Append(Clean(tag.Key)).Append("=\"")
                .Append(EscapeLabel(Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "")).Append('"');
            open = ',';
        }

        if (le is not null)
        {
            _text.Append(open).Append("le=\"").Append(le).Append('"');
            open = ',';
        }

        if (open == ',')
        {
            _text.Append('}');
        }

        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string NameOf(Metric metric)
    {
        var name = Clean(metric.Name);
        var unit = metric.Unit switch
        {
            "s" => "seconds",
            "By" => "bytes",
            _ => "",
        };
        if (unit.Length > 0 && !name.EndsWith(unit, StringComparison.Ordinal))
        {
            name += $"_{unit}";
        }

        return metric.MetricType is MetricType.LongSum or MetricType.DoubleSum ? $"{name}_total" : name;
    }

    /// <summary>The type. A name of the manual's that a gauge must not have, because it ends like a counter or a part of a histogram, has
    /// none.</summary>
    private string TypeOf(Metric metric, string name) => metric.MetricType switch
    {
        MetricType.LongSum or MetricType.DoubleSum => "counter",
        MetricType.Histogram => HasBuckets(metric) ? "histogram" : "summary",
        _ when Reserved.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal)) => openMetrics ? "unknown" : "untyped",
        _ => "gauge",
    };

    private static bool HasBuckets(Metric metric)
    {
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            foreach (var bucket in point.GetHistogramBuckets())
            {
                return true;
            }
        }

        return false;
    }

    private static string Clean(string name) => string.Create(name.Length, name, static (span, source) =>
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = char.IsAsciiLetterOrDigit(source[i]) || source[i] == '_' ? source[i] : '_';
        }
    });

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string EscapeHelp(string text) => text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);

    private static string EscapeLabel(string text) => EscapeHelp(text).Replace("\"", "\\\"", StringComparison.Ordinal);
}
