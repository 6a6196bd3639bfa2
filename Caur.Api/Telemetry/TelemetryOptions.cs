using Microsoft.Extensions.Configuration;
using OpenTelemetry.Resources;

namespace Caur.Api.Telemetry;

/// <summary>Whether and where metrics and traces are sent: OpenTelemetry's standard variables, which the SDK reads by itself, from
/// wherever the farm has them.</summary>
public sealed class TelemetryOptions
{
    /// <summary>The variables that are honoured.</summary>
    public static IReadOnlyList<string> Variables { get; } =
    [
        "OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "OTEL_METRIC_EXPORT_INTERVAL",
    ];

    private readonly Dictionary<string, string?> _values;

    private TelemetryOptions(Dictionary<string, string?> values)
    {
        _values = values;
        Configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
    }

    /// <summary>Nothing is sent.</summary>
    public static TelemetryOptions None { get; } = new([]);

    /// <summary>Whether traces are sent. Without an address nothing is, though the standard has one by default: a farm whose operator
    /// said nothing speaks to nobody.</summary>
    public bool SendsTraces => Sends("TRACES");

    /// <summary>Whether metrics are sent.</summary>
    public bool SendsMetrics => Sends("METRICS");

    /// <summary>What the SDK reads.</summary>
    public IConfiguration Configuration { get; }

    /// <summary>Reads what is set.</summary>
    public static TelemetryOptions Read(Func<string, string?> variable) => new(Variables
        .Select(name => KeyValuePair.Create(name, variable(name)))
        .Where(pair => pair.Value is { Length: > 0 })
        .ToDictionary(StringComparer.Ordinal));

    /// <summary>Who sends it.</summary>
    public void Describe(ResourceBuilder resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        resource.Clear().AddTelemetrySdk().AddEnvironmentVariableDetector().AddService(
            _values.GetValueOrDefault("OTEL_SERVICE_NAME") ?? "caur",
            serviceVersion: typeof(TelemetryOptions).Assembly.GetName().Version?.ToString(3),
            autoGenerateServiceInstanceId: false,
            serviceInstanceId: Environment.MachineName);
    }

    private bool Sends(string signal) =>
        _values.GetValueOrDefault("OTEL_SDK_DISABLED") is not "true"
        && _values.GetValueOrDefault($"OTEL_{signal}_EXPORTER") switch
        {
            "otlp" => true,
            "none" => false,
            _ => _values.ContainsKey("OTEL_EXPORTER_OTLP_ENDPOINT") || _values.ContainsKey($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"),
        };
}
