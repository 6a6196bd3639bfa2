using System.Collections.Immutable;
using System.Diagnostics;
using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Contracts.Sources;
using Caur.Contracts.Tracing;

namespace Caur.Grains.Tracing;

/// <summary>The control plane's spans. What may outlive this process has no span that is open meanwhile: its span is made at its end, from
/// the times in the records, below the span that the records name.</summary>
internal static class FarmSpans
{
    private static readonly ActivitySource Source = new("Caur.Farm");

    /// <summary>The time in which a source repository is read and builds are planned.</summary>
    public static Activity? Plan(ScheduleRequest request, string repository)
    {
        var span = Start("plan", ActivityKind.Internal, request.Trace);
        span?.SetTag("caur.source_repository", repository);
        span?.SetTag("caur.target", request.Target.ToString());
        return span;
    }

    /// <summary>Gives every build that is traced a span of its own for what it causes from here on.</summary>
    /// <returns>The builds, and their spans, which end with <see cref="EndEnqueue"/>; none when nobody listens.</returns>
    public static (EnqueueRequest Request, List<(BuildRequest Build, Activity Span)> Spans) Enqueue(EnqueueRequest request)
    {
        var spans = new List<(BuildRequest Build, Activity Span)>();
        if (!Source.HasListeners() || !request.Builds.Any(build => build.Trace is not null))
        {
            return (request, spans);
        }

        var current = Activity.Current;
        var builds = ImmutableArray.CreateBuilder<BuildRequest>(request.Builds.Length);
        foreach (var build in request.Builds)
        {
            var next = build;
            if (Start("enqueue", ActivityKind.Producer, build.Trace) is { } span)
            {
                span.SetTag("caur.pkgbase", build.Package.Pkgbase);
                span.SetTag("caur.target", build.Package.Target.ToString());
                next = build with { Trace = TraceContext.Of(span) ?? build.Trace };
                spans.Add((next, span));
            }

            builds.Add(next);
        }

        // They are beside each other, not one in the other.
        Activity.Current = current;
        return (request with { Builds = builds.DrainToImmutable() }, spans);
    }

    /// <summary>Ends the spans of builds that are queued, durably.</summary>
    public static void EndEnqueue(List<(BuildRequest Build, Activity Span)> spans, ImmutableArray<QueuedReply> replies)
    {
        if (spans.Count == 0)
        {
            return;
        }

        var current = Activity.Current;
        var builds = replies.ToDictionary(reply => reply.Build.Package, reply => reply.Build);
        foreach (var (build, span) in spans)
        {
            span.SetTag("caur.build", builds.GetValueOrDefault(build.Package).ToString());
            span.Dispose();
        }

        Activity.Current = current;
    }

    /// <summary>A builder accepted a build: what it waited for is over.</summary>
    public static void Waited(BuildRequest request, BuildAttempt attempt, DateTimeOffset now)
    {
        // An attempt after the first did not wait since the build was queued.
        if (attempt.Number == 1)
        {
            Made("wait", request.Trace, attempt.Build.QueuedAt, now)?
                .SetTag("caur.build", attempt.Build.ToString())
                .SetTag("caur.builder", attempt.Builder.ToString())
                .Dispose();
        }
    }

    /// <summary>A build reached its final state.</summary>
    public static void Finished(BuildRequest request, Contracts.Ids.BuildId build, FinalVerdict verdict, int attempts, DateTimeOffset now)
    {
        if (Made("build", request.Trace, build.QueuedAt, now) is { } span)
        {
            span.SetTag("caur.build", build.ToString());
            span.SetTag("caur.state", verdict.State.ToString());
            span.SetTag("caur.attempts", attempts);
            if (verdict.State.HoldsDependants())
            {
                span.SetStatus(ActivityStatusCode.Error, verdict.Reason);
            }

            span.Dispose();
        }
    }

    /// <summary>A publication is over that had an order in it.</summary>
    public static void Published(PublishOrder order, PublicationNews? news, DateTimeOffset began, DateTimeOffset now)
    {
        if (Made("publish", order.Trace, began, now) is { } span)
        {
            span.SetTag("caur.build", order.Build.ToString());
            span.SetTag("caur.target", order.Build.Target.ToString());
            span.SetTag("caur.state", news?.State.ToString());
            span.SetTag("caur.generation", news?.Generation);
            if (news?.State != PublicationState.Published)
            {
                span.SetStatus(ActivityStatusCode.Error, news?.Reason);
            }

            span.Dispose();
        }
    }

    private static Activity? Start(string name, ActivityKind kind, TraceContext? parent) =>
        parent is not null && Source.HasListeners() ? Source.StartActivity(name, kind, parent.ToParent()) : null;

    private static Activity? Made(string name, TraceContext? parent, DateTimeOffset from, DateTimeOffset until)
    {
        if (parent is null || !Source.HasListeners())
        {
            return null;
        }

        // A clock that was set back must not make a span that ends before it begins.
        var span = Source.StartActivity(name, ActivityKind.Internal, parent.ToParent(), startTime: from);
        span?.SetEndTime((until < from ? from : until).UtcDateTime);
        return span;
    }
}
