using System.Text.Json;

namespace Caur.Silo.Cli;

/// <summary>A verb cannot go on. The message is for people: what is wrong and what to do about it.</summary>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="message">One or more lines.</param>
/// <param name="inner">What happened below.</param>
internal sealed class FarmException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>The problem (RFC 9457) that the farm answered with; null when it answered none.</summary>
    public JsonElement? Problem { get; init; }

    /// <summary>True when the same call may succeed a little later: the hub restarts, or the way to it is interrupted.</summary>
    public bool IsTransient { get; init; } = exitCode == ExitCodes.Unreachable;
}
