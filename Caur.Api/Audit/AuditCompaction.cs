using System.Globalization;
using System.Text;

namespace Caur.Api.Audit;

/// <summary>Takes out of a file of the audit log what changed nothing: writes that were refused, and answers that were given again. Of each
/// token one line is left of all of these, so that what it may not do pushes nothing out that was done.</summary>
internal static class AuditCompaction
{
    /// <summary>The text of a file without them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="newest">So many bytes at the end are left as they are: what was refused lately is shown in full.</param>
    /// <returns>Null when there is nothing to take out.</returns>
    public static byte[]? Of(string path, long newest)
    {
        var lines = File.ReadAllLines(path, Encoding.UTF8);
        var old = CountOld(lines, newest);
        var begun = new Dictionary<long, AuditEntry>();
        var refused = new Dictionary<string, Refusals>(StringComparer.Ordinal);
        var taken = new HashSet<long>();
        foreach (var line in lines.Take(old))
        {
            switch (AuditFiles.Parse(line))
            {
                case { Event: AuditEvent.Begun } entry:
                    begun[entry.Seq] = entry;
                    break;

                case { Event: AuditEvent.Refused or AuditEvent.Refusals } entry:
                    Take(entry, entry, entry.Count ?? 1);
                    break;

                // Of one whose begin is in an older file the end stays too.
                case { Event: AuditEvent.Ended, Of: { } of } entry when ChangedNothing(entry) && begun.Remove(of, out var first):
                    taken.Add(of);
                    Take(first, entry, 1);
                    break;
            }
        }

        return taken.Count > refused.Count ? Write(lines, taken, refused.Values) : null;

        void Take(AuditEntry first, AuditEntry last, long count)
        {
            taken.Add(last.Seq);
            var who = first.Token ?? first.Address ?? "";
            if (refused.TryGetValue(who, out var known))
            {
                known.Add(first, last, count);
            }
            else
            {
                refused.Add(who, new Refusals(first, last, count));
            }
        }
    }

    /// <summary>499 is no refusal: it may have been done. Errors of the farm's own are none either.</summary>
    private static bool ChangedNothing(AuditEntry ended) => ended.Status is >= 400 and < 499 || ended.Replayed == true;

    private static int CountOld(string[] lines, long newest)
    {
        var at = lines.Length;
        for (long bytes = 0; at > 0 && bytes < newest; at--)
        {
            bytes += Encoding.UTF8.GetByteCount(lines[at - 1]) + 1;
        }

        return at;
    }

    private static byte[] Write(string[] lines, HashSet<long> taken, IEnumerable<Refusals> refused)
    {
        var summaries = refused.ToDictionary(summary => summary.Seq);
        var bytes = new MemoryStream();
        foreach (var line in lines)
        {
            var seq = AuditFiles.Seq(line);
            if (seq is not { } number || !taken.Contains(number))
            {
                bytes.Write(Encoding.UTF8.GetBytes(line));
                bytes.WriteByte((byte)'\n');
            }
            else if (summaries.Remove(number, out var summary))
            {
                bytes.Write(AuditFiles.Line(summary.Line()));
            }
        }

        return bytes.ToArray();
    }

    /// <summary>What one token was refused.</summary>
    private sealed class Refusals(AuditEntry first, AuditEntry last, long count)
    {
        private readonly DateTimeOffset _since = first.Since ?? first.At;
        private AuditEntry _first = first;
        private AuditEntry _last = last;
        private long _count = count;

        /// <summary>The place of the last of them.</summary>
        public long Seq => _last.Seq;

        public void Add(AuditEntry first, AuditEntry last, long count)
        {
            _count += count;
            (_first, _last) = last.Seq > _last.Seq ? (first, last) : (_first, _last);
        }

        /// <summary>What the last of them was for stands for all.</summary>
        public AuditEntry Line() => new()
        {
            Seq = Seq,
            At = _last.At,
            Since = _since,
            Event = AuditEvent.Refusals,
            Count = _count,
            Request = _last.Request,
            Token = _first.Token,
            Name = _first.Name,
            Role = _first.Role,
            Address = _first.Address,
            Method = _first.Method,
            Route = _first.Route,
            Status = _last.Status,
            Outcome = string.Create(CultureInfo.InvariantCulture, $"{_count} writes that changed nothing, the last of them this one"),
        };
    }
}
