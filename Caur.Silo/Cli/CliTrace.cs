using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using Caur.Api.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Caur.Silo.Cli;

/// <summary>The span of one run of a verb that speaks to a farm, where OpenTelemetry's variables say that spans are sent. It belongs below
/// the span that <c>TRACEPARENT</c> names, which is how a pipeline hands on its own.</summary>
internal sealed class CliTrace : IDisposable
{
    /// <summary>The variables of a caller (https://opentelemetry.io/docs/specs/otel/context/env-carriers/).</summary>
    public const string ParentVariable = "TRACEPARENT";

    private const string StateVariable = "TRACESTATE";

    private const string SourceName = "Caur.Cli";

    /// <summary>The HTTP client's own source: its spans carry the trace to the farm.</summary>
    private const string HttpClientSource = "System.Net.Http";

    /// <summary>Without one of these nothing is sent.</summary>
    private static readonly string[] Addresses = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"];

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Verbs that are a farm themselves.</summary>
    private static readonly string[] Farms = ["database", "demo"];

    private readonly TracerProvider _provider;
    private readonly Activity? _span;

    private CliTrace(TelemetryOptions options, string name, ActivityContext parent)
    {
        _provider = Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton<IConfiguration>(options.Configuration))
            .ConfigureResource(options.Describe)
            .AddSource(SourceName)
            .AddSource(HttpClientSource)
            .AddOtlpExporter()
            .Build();
        _span = Source.StartActivity(name, ActivityKind.Client, parent);
    }

    /// <summary>Starts the span; null when nothing is sent.</summary>
    public static CliTrace? Start(ParseResult parsed, CliContext context) =>
        Addresses.Any(name => context.Variable(name) is not null) ? StartSending(parsed, context) : null;

    /// <summary>Apart, because loading what sends takes longer than most verbs.</summary>
    private static CliTrace? StartSending(ParseResult parsed, CliContext context)
    {
        var options = TelemetryOptions.Read(context.Variable);
        var verb = VerbOf(parsed.CommandResult);
        if (!options.SendsTraces || verb.Length == 0 || Farms.Contains(verb))
        {
            return null;
        }

        try
        {
            return new CliTrace(options, $"caur {verb}", Parent(context));
        }
        catch (Exception error) when (error is ArgumentException or FormatException or NotSupportedException or InvalidOperationException)
        {
            // Whoever schedules a build wants the build.
            context.Error.WriteLine($"caur: no span is sent: {error.Message}");
            return null;
        }
    }

    /// <summary>The caller's <c>traceparent</c> for a request where no span of this process is; null when there is none, or one already.</summary>
    public static string? Caller(CliContext context) =>
        Activity.Current is null && Parent(context) != default ? context.Variable(ParentVariable) : null;

    /// <summary>How the verb ended.</summary>
    public void End(int exitCode)
    {
        _span?.SetTag("process.exit.code", exitCode);
        if (exitCode != ExitCodes.Ok)
        {
            _span?.SetStatus(ActivityStatusCode.Error);
        }
    }

    public void Dispose()
    {
        _span?.Dispose();
        _provider.Dispose();
    }

    private static ActivityContext Parent(CliContext context) =>
        ActivityContext.TryParse(context.Variable(ParentVariable), context.Variable(StateVariable), isRemote: true, out var parent) ? parent : default;

    private static string VerbOf(CommandResult result)
    {
        var names = new Stack<string>();
        for (var at = result; at is { Command: not RootCommand }; at = at.Parent as CommandResult)
        {
            names.Push(at.Command.Name);
        }

        return string.Join(' ', names);
    }
}
