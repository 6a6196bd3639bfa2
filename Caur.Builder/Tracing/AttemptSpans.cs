using System.Diagnostics;
using Caur.Protocol.Builders;

namespace Caur.Builder.Tracing;

/// <summary>The agent's spans: an attempt below the span that its order names, and its steps below the attempt.</summary>
internal static class AttemptSpans
{
    private static readonly ActivitySource Source = new("Caur.Builder");

    /// <summary>An attempt, also one that an earlier agent process began.</summary>
    public static Activity? Attempt(BuildOrder order, string builder, bool isAdopted)
    {
        if (order.TraceParent is null || !Source.HasListeners()
            || !ActivityContext.TryParse(order.TraceParent, order.TraceState, isRemote: true, out var parent))
        {
            return null;
        }

        var span = Source.StartActivity("attempt", ActivityKind.Consumer, parent);
        span?.SetTag("caur.build", order.Attempt.Build);
        span?.SetTag("caur.attempt", order.Attempt.Number);
        span?.SetTag("caur.builder", builder);
        if (isAdopted)
        {
            span?.SetTag("caur.adopted", true);
        }

        return span;
    }

    /// <summary>A step of the attempt that runs now; none where that is not traced.</summary>
    public static Activity? Step(string name) =>
        Activity.Current?.Source == Source ? Source.StartActivity(name) : null;

    /// <summary>How an attempt ended; null when it was lost or left.</summary>
    public static void End(Activity? attempt, AttemptOutcome? outcome)
    {
        attempt?.SetTag("caur.outcome", outcome?.ToString() ?? "none");
        if (outcome is not (AttemptOutcome.Built or AttemptOutcome.AlreadyBuilt or AttemptOutcome.Skipped))
        {
            attempt?.SetStatus(ActivityStatusCode.Error, outcome?.ToString());
        }
    }
}
