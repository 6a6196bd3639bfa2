using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Metrics;

/// <summary>What the gateway is asked and how long it takes. Labels are templates of routes, methods that have a route, and classes of
/// status codes.</summary>
public sealed class HttpInstruments
{
    /// <summary>The name of the instrument that has a series per route.</summary>
    internal const string ByRoute = "caur.http.request.duration";

    private readonly Histogram<double> _byRoute;
    private readonly Histogram<double> _all;
    private readonly UpDownCounter<long> _active;

    /// <summary>Makes the instruments.</summary>
    public HttpInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Caur.Gateway.Http");

        // A hundred routes with buckets would be most of what Prometheus reads: they have a count and a sum.
        _byRoute = meter.CreateHistogram(
            ByRoute, "s", "Requests and how long they took, by route", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [] });
        _all = meter.CreateHistogram(
            "caur.http.response.duration",
            "s",
            "How long requests took, by class of status, without those that follow something",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60] });
        _active = meter.CreateUpDownCounter<long>("caur.http.requests.active", "{request}", "Requests that are being answered");
    }

    /// <summary>A request came.</summary>
    /// <returns>When, for <see cref="End"/>.</returns>
    internal long Begin()
    {
        _active.Add(1);
        return Stopwatch.GetTimestamp();
    }

    /// <summary>It was answered.</summary>
    /// <param name="startedTimestamp">When it came.</param>
    /// <param name="context">What was asked and answered.</param>
    /// <param name="route">The template of its route; null when it has none.</param>
    /// <param name="status">The status code.</param>
    internal void End(long startedTimestamp, HttpContext context, string? route, int status)
    {
        _active.Add(-1);
        var seconds = Stopwatch.GetElapsedTime(startedTimestamp).TotalSeconds;
        var tag = new KeyValuePair<string, object?>("status", ClassOf(status));
        _byRoute.Record(seconds, new("method", MethodOf(context.Request.Method)), new("route", route ?? "none"), tag);
        if (context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.Ordinal) is not true
            && route?.Contains("logs", StringComparison.Ordinal) is not true)
        {
            // Logs take as long as their builds.
            _all.Record(seconds, tag);
        }
    }

    private static string MethodOf(string method) => method switch
    {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
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
