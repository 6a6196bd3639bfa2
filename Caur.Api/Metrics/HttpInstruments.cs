using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Metrics;

/// <summary>What the gateway is asked and how long it takes. Labels are templates of routes, methods that have a route, and classes of
/// status codes.</summary>
public sealed class HttpInstruments
{
    private readonly Histogram<double> _byRoute;
    private readonly Histogram<double> _all;
    private readonly UpDownCounter<long> _active;

    /// <summary>Makes the instruments.</summary>
    public HttpInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Caur.Gateway.Http");

        // A hundred routes with buckets would be most of what Prometheus reads: they have a count and a sum.
        _byRoute = meter.CreateHistogram(
            "caur.http.request.duration", "s", "Requests and how long they took, by route", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [] });
        _all = meter.CreateHistogram(
            "caur.http.response.duration",
            "s",
            "How long requests took, by class of status, without those that follow something",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60] });
        _active = meter.CreateUpDownCounter<long>("caur.http.requests.active", "{request}", "Requests that are being answered");
    }

    internal async Task MeasureAsync(HttpContext context, RequestDelegate next)
    {
        var started = Stopwatch.GetTimestamp();
        _active.Add(1);
        var status = StatusCodes.Status500InternalServerError;
        try
        {
            await next(context);
            status = context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted ? 499 : context.Response.StatusCode;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            status = 499;
            throw;
        }
        finally
        {
            _active.Add(-1);
            Record(context, ClassOf(status), Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
    }

    private void Record(HttpContext context, string status, double seconds)
    {
        var endpoint = (context.Features.Get<OriginalEndpoint>()?.Endpoint ?? context.GetEndpoint()) as RouteEndpoint;
        _byRoute.Record(
            seconds,
            new KeyValuePair<string, object?>("route", endpoint?.RoutePattern.RawText ?? "none"),
            new KeyValuePair<string, object?>("method", MethodOf(context.Request.Method)),
            new KeyValuePair<string, object?>("status", status));
        if (context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.Ordinal) is not true && !IsFollowing(endpoint))
        {
            _all.Record(seconds, new KeyValuePair<string, object?>("status", status));
        }
    }

    /// <summary>Logs take as long as their builds.</summary>
    private static bool IsFollowing(RouteEndpoint? endpoint) => endpoint?.RoutePattern.RawText?.Contains("logs", StringComparison.Ordinal) is true;

    private static string MethodOf(string method) => method switch
    {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    };

    private static string ClassOf(int status) => status switch
    {
        < 200 => "1xx",
        < 300 => "2xx",
        < 400 => "3xx",
        < 500 => "4xx",
        _ => "5xx",
    };
}

/// <summary>The endpoint of a request before an error page took its place.</summary>
internal sealed record OriginalEndpoint(Endpoint? Endpoint);
