using System.Globalization;
using Caur.Api.Manager;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Caur.Silo.Hub;

/// <summary>The hub's log on its standard output: a line each, with the time in UTC. What outsiders wrote comes escaped, and a failure that comes
/// again and again is counted.</summary>
internal sealed class HubConsole(TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "caur";

    private readonly FailureRepeats _repeats = new(clock);

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        foreach (var (category, level, text) in _repeats.TakeCounts())
        {
            Write(textWriter, category, level, 0, text, null);
        }

        if (_repeats.MayBeSaid(logEntry.Category, logEntry.EventId, logEntry.LogLevel, logEntry.Exception))
        {
            Write(
                textWriter, logEntry.Category, logEntry.LogLevel, logEntry.EventId.Id, logEntry.Formatter(logEntry.State, logEntry.Exception), logEntry.Exception);
        }
    }

    private void Write(TextWriter writer, string category, LogLevel level, int id, string text, Exception? exception)
    {
        writer.Write(string.Create(
            CultureInfo.InvariantCulture, $"{clock.GetUtcNow().UtcDateTime:HH:mm:ss} {NameOf(level)}: {category}[{id}] {LogText.Clean(text)}"));
        if (exception is not null)
        {
            writer.Write(' ');
            writer.Write(LogText.Clean(exception.ToString().Replace(Environment.NewLine, " ", StringComparison.Ordinal)));
        }

        writer.Write(Environment.NewLine);
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}
