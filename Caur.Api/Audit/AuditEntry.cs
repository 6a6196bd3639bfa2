using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caur.Api.Audit;

/// <summary>One line of the audit log: that a write was begun, how it ended, or that it was refused to somebody whose token is known.</summary>
/// <remarks>A write has a line <see cref="AuditEvent.Begun"/> before it is carried out and a line <see cref="AuditEvent.Ended"/> before it is
/// answered. One that has no second line was cut off: its client went away, or the hub died. One that comes in many requests has a line
/// <see cref="AuditEvent.Done"/> when it is whole.</remarks>
public sealed record AuditEntry
{
    /// <summary>Its number, from 1, without gaps.</summary>
    public long Seq { get; init; }

    /// <summary>When.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>What the line says.</summary>
    public AuditEvent Event { get; init; }

    /// <summary>With <see cref="AuditEvent.Ended"/>: the number of the line that began it.</summary>
    public long? Of { get; init; }

    /// <summary>The request's id, as in <c>X-Request-Id</c>; of a verb, an id of its own.</summary>
    public string Request { get; init; } = "";

    /// <summary>The token's id; null for a verb that works on the data folder.</summary>
    public string? Token { get; init; }

    /// <summary>The token's name; of a verb, the user of the machine.</summary>
    public string? Name { get; init; }

    /// <summary>The token's role; <c>Local</c> for a verb and for the hub itself.</summary>
    public string? Role { get; init; }

    /// <summary>Where it came from.</summary>
    public string? Address { get; init; }

    /// <summary>The HTTP method; null for a verb.</summary>
    public string? Method { get; init; }

    /// <summary>The route's pattern, or the verb.</summary>
    public string? Route { get; init; }

    /// <summary>The path asked for.</summary>
    public string? Path { get; init; }

    /// <summary>The target repository that it is for, where it is for one.</summary>
    public string? Target { get; init; }

    /// <summary>The body, shortened and without secrets.</summary>
    public JsonElement? Body { get; init; }

    /// <summary>The status answered.</summary>
    public int? Status { get; init; }

    /// <summary>Why it was refused, or what became of it, for people.</summary>
    public string? Outcome { get; init; }

    /// <summary>True when nothing was done, because the answer to the same <c>Idempotency-Key</c> was given again.</summary>
    public bool? Replayed { get; init; }

    /// <summary>With <see cref="AuditEvent.Refusals"/>: how many writes the line stands for.</summary>
    public long? Count { get; init; }

    /// <summary>With <see cref="AuditEvent.Refusals"/>: when the first of them came. <see cref="At"/> is when the last did.</summary>
    public DateTimeOffset? Since { get; init; }
}

/// <summary>What a line of the audit log says.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AuditEvent>))]
public enum AuditEvent
{
    /// <summary>It is about to be carried out.</summary>
    Begun,

    /// <summary>It was carried out, or failed.</summary>
    Ended,

    /// <summary>It was not carried out: the token may not.</summary>
    Refused,

    /// <summary>It was carried out, in many requests that have no lines of their own, as an upload is.</summary>
    Done,

    /// <summary>Many of one token that changed nothing, in one line that stands in the place of theirs.</summary>
    Refusals,
}
