using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Caur.Api.Manager;

/// <summary>Keeps a failure that comes again and again, as each second on a full disk, from filling a log: it is said once, counted, and
/// said again when it is another one, or after five minutes with how often it came.</summary>
/// <remarks>The same is what comes from the same place in the code with the same cause, whichever build or path it met. What has no exception
/// is always said.</remarks>
public sealed class FailureRepeats(TimeProvider clock)
{
    /// <summary>How long the same is not said again.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(5);

    /// <summary>So many different ones are remembered.</summary>
    private const int Most = 256;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>Counts of what had to make room; nobody was told them yet.</summary>
    private readonly List<Known> _evicted = [];
    private DateTimeOffset _looked = clock.GetUtcNow();

    /// <summary>Notes a line.</summary>
    /// <returns>False when it is not to be said.</returns>
    public bool MayBeSaid(string category, EventId id, LogLevel level, Exception? exception)
    {
        if (exception is null || level < LogLevel.Warning)
        {
            return true;
        }

        var now = clock.GetUtcNow();
        var cause = Cause(exception);
        var key = string.Create(CultureInfo.InvariantCulture, $"{category}\n{id.Id}\n{cause}");
        lock (_lock)
        {
            if (_known.TryGetValue(key, out var known) && now - known.Said < Quiet)
            {
                known.Unsaid++;
                known.Last = now;
                return false;
            }

            if (known is null && _known.Count >= Most)
            {
                var oldest = _known.MinBy(entry => entry.Value.Said);
                _known.Remove(oldest.Key);
                _evicted.AddRange(new[] { oldest.Value.Earlier, oldest.Value }.OfType<Known>().Where(counted => counted.Unsaid > 0));
            }

            // What was counted meanwhile is told by TakeCounts.
            _known[key] = new Known(category, level, exception.GetBaseException().Message, now) { Earlier = known is { Unsaid: > 0 } ? known : null };
            return true;
        }
    }

    /// <summary>What was counted and is due: category, level and text of each line. To be asked with every line; it looks seldom.</summary>
    public IReadOnlyList<(string Category, LogLevel Level, string Text)> TakeCounts()
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            if (now - _looked < LookEvery && _evicted.Count == 0 && !_known.Values.Any(known => known.Earlier is not null))
            {
                return [];
            }

            _looked = now;
            var due = new List<(string, LogLevel, string)>(_evicted.Select(counted => counted.Line()));
            _evicted.Clear();
            foreach (var (key, known) in _known.ToList())
            {
                if (known.Earlier is { } earlier)
                {
                    due.Add(earlier.Line());
                    known.Earlier = null;
                }

                if (now - known.Said >= Quiet)
                {
                    if (known.Unsaid > 0)
                    {
                        due.Add(known.Line());
                    }

                    _known.Remove(key);
                }
            }

            return due;
        }
    }

    private static string Cause(Exception exception)
    {
        var cause = exception.GetBaseException();
        var stack = cause.StackTrace ?? "";
        var end = stack.IndexOf('\n', StringComparison.Ordinal);

        // Messages of the file system have the path in them.
        var message = cause is IOException ? cause.HResult.ToString(CultureInfo.InvariantCulture) : cause.Message;
        return $"{exception.GetType()}\n{cause.GetType()}\n{message}\n{(end < 0 ? stack : stack[..end])}";
    }

    private sealed class Known(string category, LogLevel level, string message, DateTimeOffset said)
    {
        public DateTimeOffset Said { get; } = said;

        public int Unsaid { get; set; }

        public DateTimeOffset Last { get; set; } = said;

        /// <summary>The same in the five minutes before, with a count that nobody was told.</summary>
        public Known? Earlier { get; set; }

        public (string Category, LogLevel Level, string Text) Line() => (category, level, string.Create(
            CultureInfo.InvariantCulture,
            $"The same came {Unsaid} times more from {Said.UtcDateTime:HH:mm:ss} to {Last.UtcDateTime:HH:mm:ss}: {message}"));
    }
}
