using System.Globalization;
using Caur.Api.Events;
using Microsoft.Extensions.Logging;

namespace Caur.Api.Manager;

/// <summary>One line of the hub's log, in the form that today's frontend reads.</summary>
/// <param name="Level">trace, debug, info, warn, error or fatal.</param>
/// <param name="Mod">Which part of the program says it.</param>
/// <param name="Msg">What it says.</param>
/// <param name="Seq">Counts lines from 1.</param>
/// <param name="Ts">When, in milliseconds since 1970, UTC.</param>
public sealed record HubLogLine(string Level, string Mod, string Msg, long Seq, long Ts);

/// <summary>Keeps the newest lines of the hub's log for those who follow it.</summary>
[ProviderAlias("Gateway")]
public sealed class HubLog(TimeProvider clock) : ILoggerProvider
{
    /// <summary>So many lines are kept.</summary>
    private const int Kept = 2000;

    private const int LongestLine = 4000;

    private readonly FailureRepeats _repeats = new(clock);

    internal EventRing<HubLogLine> Ring { get; } = new(clock.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), Kept);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is open.
    }

    private void Add(LogLevel level, string category, string text)
    {
        var module = category[(category.LastIndexOf('.') + 1)..];
        var clean = LogText.Clean(text);
        var shown = clean.Length > LongestLine ? clean[..LongestLine] + "..." : clean;
        var time = clock.GetUtcNow().ToUnixTimeMilliseconds();
        Ring.Append(number => new HubLogLine(NameOf(level), module, shown, number, time));
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "fatal",
    };

    private sealed class Writer(HubLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and not LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            foreach (var (from, level, count) in log._repeats.TakeCounts())
            {
                log.Add(level, from, count);
            }

            if (log._repeats.MayBeSaid(category, eventId, logLevel, exception))
            {
                var text = formatter(state, exception);
                log.Add(logLevel, category, exception is null ? text : $"{text}: {exception.GetType().Name}: {exception.Message}");
            }
        }
    }
}
