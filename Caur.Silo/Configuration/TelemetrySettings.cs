namespace Caur.Silo.Configuration;

/// <summary>OpenTelemetry's standard variables (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
/// .../protocol/exporter/), as far as the farm honours them.</summary>
internal static class TelemetrySettings
{
    private static readonly Choice Protocol = new("grpc", "http/protobuf");

    private static readonly Choice Exporter = new("otlp", "none");

    private static readonly Words Address = new("an address, http:// or https://", RepositoryJson.IsWebUrl);

    private static readonly WholeNumber Milliseconds = new(1, 3_600_000, "milliseconds");

    private static readonly Words Pairs = new("pairs of the form key=value, separated by commas", ArePairs);

    public static IReadOnlyList<Setting> All { get; } =
    [
        new("telemetry.endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT", Address, "none: nothing is sent", "Where metrics and traces are sent by OTLP; with `http/protobuf`, `/v1/traces` and `/v1/metrics` are put behind it."),
        new("telemetry.protocol", "OTEL_EXPORTER_OTLP_PROTOCOL", Protocol, "`grpc`", "How."),
        new("telemetry.headers", "OTEL_EXPORTER_OTLP_HEADERS", Pairs, "none", "Headers to send along, such as a token.") { IsSecret = true },
        new("telemetry.timeout", "OTEL_EXPORTER_OTLP_TIMEOUT", Milliseconds, "10000", "How long one export may take."),
        new("telemetry.service_name", "OTEL_SERVICE_NAME", new Words("a text that is not empty", text => !string.IsNullOrWhiteSpace(text)), "`caur`", "What the farm is called in what it sends."),
        new("telemetry.resource", "OTEL_RESOURCE_ATTRIBUTES", Pairs, "none", "Further attributes of the farm in what it sends."),
        new("telemetry.disabled", "OTEL_SDK_DISABLED", new Flag(), "false", "Sends nothing, whatever else is set. `/metrics` stays."),
        new("telemetry.traces.exporter", "OTEL_TRACES_EXPORTER", Exporter, "`otlp` where an endpoint is set", "`none` sends no traces."),
        new("telemetry.traces.endpoint", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Address, "by `telemetry.endpoint`", "Where traces are sent, as it is."),
        new("telemetry.traces.protocol", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", Protocol, "`telemetry.protocol`", "How traces are sent."),
        new("telemetry.traces.headers", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", Pairs, "`telemetry.headers`", "Headers of traces.") { IsSecret = true },
        new("telemetry.traces.timeout", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", Milliseconds, "`telemetry.timeout`", "How long one export of traces may take."),
        new("telemetry.traces.sampler", "OTEL_TRACES_SAMPLER", new Choice("always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"),
            "`parentbased_always_on`", "Which traces are recorded."),
        new("telemetry.traces.sampler_arg", "OTEL_TRACES_SAMPLER_ARG", new Fraction(0, 1), "1", "The share of traces, for the samplers with a ratio."),
        new("telemetry.traces.batch_delay", "OTEL_BSP_SCHEDULE_DELAY", Milliseconds, "5000", "How long spans wait for company."),
        new("telemetry.metrics.exporter", "OTEL_METRICS_EXPORTER", Exporter, "`otlp` where an endpoint is set", "`none` sends no metrics."),
        new("telemetry.metrics.endpoint", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", Address, "by `telemetry.endpoint`", "Where metrics are sent, as it is."),
        new("telemetry.metrics.protocol", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", Protocol, "`telemetry.protocol`", "How metrics are sent."),
        new("telemetry.metrics.headers", "OTEL_EXPORTER_OTLP_METRICS_HEADERS", Pairs, "`telemetry.headers`", "Headers of metrics.") { IsSecret = true },
        new("telemetry.metrics.timeout", "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", Milliseconds, "`telemetry.timeout`", "How long one export of metrics may take."),
        new("telemetry.metrics.interval", "OTEL_METRIC_EXPORT_INTERVAL", Milliseconds, "60000", "How often metrics are sent."),
    ];

    private static bool ArePairs(string text) =>
        text.Split(',').All(pair => pair.IndexOf('=', StringComparison.Ordinal) > 0 && !pair.Any(char.IsControl));
}
