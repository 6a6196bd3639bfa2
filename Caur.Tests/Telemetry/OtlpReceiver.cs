using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Telemetry;

/// <summary>A collector: takes what is sent by OTLP, over HTTP with protobuf and over gRPC
/// (https://opentelemetry.io/docs/specs/otlp/), and takes it apart.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtlpReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2);
        });
        _app = builder.Build();
        _app.MapPost("/v1/traces", context => TakeAsync(context, TakeTraces));
        _app.MapPost("/v1/metrics", context => TakeAsync(context, TakeMetrics));
        _app.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", context => TakeGrpcAsync(context, TakeTraces));
        _app.MapPost("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", context => TakeGrpcAsync(context, TakeMetrics));
    }

    public ConcurrentQueue<SentSpan> Spans { get; } = new();

    /// <summary>Names of metrics.</summary>
    public ConcurrentDictionary<string, bool> Metrics { get; } = new();

    /// <summary>The services that sent something.</summary>
    public ConcurrentDictionary<string, bool> Services { get; } = new();

    /// <summary>The header <c>x-token</c> of each request.</summary>
    public ConcurrentDictionary<string, bool> Tokens { get; } = new();

    public string HttpUrl => _app.Urls.First();

    public string GrpcUrl => _app.Urls.Last();

    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver();
        await receiver._app.StartAsync();
        return receiver;
    }

    public IReadOnlyList<SentSpan> Trace(string id) => [.. Spans.Where(span => span.Trace == id)];

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context, Action<ProtoMessage> take)
    {
        var bytes = await ReadAsync(context);
        take(new ProtoMessage(bytes));
        Tokens[context.Request.Headers["x-token"].ToString()] = true;
        context.Response.ContentType = "application/x-protobuf";
    }

    private async Task TakeGrpcAsync(HttpContext context, Action<ProtoMessage> take)
    {
        // Length-prefixed messages: a flag for compression and four bytes of length each.
        var bytes = await ReadAsync(context);
        take(new ProtoMessage(bytes.AsSpan(5)));
        Tokens[context.Request.Headers["x-token"].ToString()] = true;
        context.Response.ContentType = "application/grpc";
        context.Response.DeclareTrailer("grpc-status");
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var all = new MemoryStream();
        var body = context.Request.Headers.ContentEncoding == "gzip" ? new GZipStream(context.Request.Body, CompressionMode.Decompress) : context.Request.Body;
        await body.CopyToAsync(all);
        return all.ToArray();
    }

    // ExportTraceServiceRequest.resource_spans.scope_spans.spans; opentelemetry/proto/trace/v1/trace.proto has the numbers.
    private void TakeTraces(ProtoMessage request)
    {
        foreach (var resource in request.Messages(1))
        {
            var service = TakeService(resource);
            foreach (var scope in resource.Messages(2))
            {
                var source = scope.Messages(1).Single().Text(1);
                foreach (var span in scope.Messages(2))
                {
                    Spans.Enqueue(new SentSpan(
                        service, source, span.Hex(1), span.Hex(2), span.Text(3), span.Hex(4), span.Text(5), TimeOf(span.Number(7)), TimeOf(span.Number(8)))
                    {
                        Tags = span.Messages(9).ToDictionary(tag => tag.Text(1), ValueOf),
                        IsError = span.Messages(15).Any(status => status.Number(3) == 2),
                    });
                }
            }
        }
    }

    private void TakeMetrics(ProtoMessage request)
    {
        foreach (var resource in request.Messages(1))
        {
            TakeService(resource);
            foreach (var metric in resource.Messages(2, 2))
            {
                Metrics[metric.Text(1)] = true;
            }
        }
    }

    private string TakeService(ProtoMessage resource)
    {
        var name = resource.Messages(1, 1).Where(tag => tag.Text(1) == "service.name").Select(ValueOf).Single();
        Services[name] = true;
        return name;
    }

    private static string ValueOf(ProtoMessage tag)
    {
        var value = tag.Messages(2).Single();
        return value.Text(1) is { Length: > 0 } text ? text : value.Number(3).ToString(CultureInfo.InvariantCulture);
    }

    private static DateTimeOffset TimeOf(ulong nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks((long)(nanoseconds / 100));
}

/// <summary>A span as it was sent.</summary>
internal sealed record SentSpan(
    string Service, string Source, string Trace, string Id, string State, string Parent, string Name, DateTimeOffset Start, DateTimeOffset End)
{
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    public bool IsError { get; init; }
}
