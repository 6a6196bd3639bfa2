using System.Diagnostics;
using Orleans;

namespace Caur.Contracts.Tracing;

/// <summary>The span that caused something, as W3C Trace Context writes it (https://www.w3.org/TR/trace-context/). It travels in messages
/// and records, so that a build stays in its trace however long it waits and whatever is restarted meanwhile.</summary>
/// <param name="Parent">The header <c>traceparent</c>: version, trace, span and flags in hexadecimal digits.</param>
/// <param name="State">The header <c>tracestate</c>, what other systems want to be kept; null for none.</param>
[GenerateSerializer, Alias("caur.TraceContext"), Immutable]
public sealed record TraceContext([property: Id(0)] string Parent, [property: Id(1)] string? State)
{
    /// <summary>A caller may send as much as it likes; the standard asks for this much to be kept.</summary>
    private const int LongestState = 512;

    /// <summary>A span that is recorded; null when it is not, and then nothing that it causes is.</summary>
    public static TraceContext? Of(Activity? span) => span is { Recorded: true, IdFormat: ActivityIdFormat.W3C, Id: { } id }
        ? new TraceContext(id, span.TraceStateString is { Length: > 0 and <= LongestState } state ? state : null)
        : null;

    /// <summary>The parent of spans that it causes.</summary>
    public ActivityContext ToParent() => ActivityContext.TryParse(Parent, State, isRemote: true, out var context) ? context : default;
}
