using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Caur.Silo.StateTransfer;
using Orleans.Runtime;
using StackExchange.Redis;

namespace Caur.Silo.Engines;

/// <summary>How Orleans' providers keep records and reminders in Redis, and what an import adds of its own.</summary>
/// <param name="cluster">The name under which the cluster keeps everything (Orleans' service id).</param>
internal sealed class OrleansStateKeys(string cluster)
{
    /// <summary>The field of a record's hash that has its version.</summary>
    public static readonly RedisValue Etag = "etag";

    /// <summary>The field of a record's hash that has its bytes.</summary>
    public static readonly RedisValue Data = "data";

    // There is no checksum in Redis: this keeps damaged bytes that still look like a record from being read as one.
    private static readonly byte[] DamageMark = [0xFF, .. "damaged:"u8];

    private static readonly JsonSerializerOptions MemberJson = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _prefix = $"{cluster}/state/";

    /// <summary>The keys of all records.</summary>
    public string Pattern => $"{_prefix}*";

    /// <summary>The sorted set of all reminders.</summary>
    public RedisKey Reminders { get; } = $"{cluster}/reminders";

    /// <summary>There from before an import's first record until after its last.</summary>
    public RedisKey Mark { get; } = $"{cluster}/import";

    /// <summary>Who imports now; it ends by itself.</summary>
    public RedisKey Lock { get; } = $"{cluster}/importing";

    /// <summary>Where a record is.</summary>
    public RedisKey KeyOf(StateRecord record) => $"{_prefix}{record.Grain}/{record.State}";

    /// <summary>What is stored of a record.</summary>
    public static HashEntry[] ToHash(StateRecord record)
    {
        // A record without bytes would be none.
        var data = record.IsDamaged || record.Data.IsEmpty ? (byte[])[.. DamageMark, .. record.Data.Span] : record.Data;
        return [new HashEntry(Etag, Guid.NewGuid().ToString("N")), new HashEntry(Data, data)];
    }

    /// <summary>Reads a record back.</summary>
    /// <exception cref="StateTransferException">The key is no record's.</exception>
    public StateRecord ToRecord(RedisKey key, ReadOnlyMemory<byte> data)
    {
        var name = Name(key);
        var last = name.LastIndexOf('/');
        if (last < 1 || name.IndexOf('/', StringComparison.Ordinal) == last)
        {
            throw new StateTransferException($"'{Configuration.Shown.Text(_prefix + name)}' in Redis is no record of a grain");
        }

        var isDamaged = data.Span.StartsWith(DamageMark);
        return new StateRecord(name[..last], name[(last + 1)..], isDamaged ? data[DamageMark.Length..] : data, isDamaged);
    }

    /// <summary>What is stored of a reminder.</summary>
    public static RedisValue ToMember(StateReminder reminder)
    {
        var grain = GrainId.Parse(reminder.Grain);
        string[] segments =
        [
            grain.GetUniformHashCode().ToString("X8", CultureInfo.InvariantCulture),
            grain.ToString(),
            reminder.Name,
            Guid.NewGuid().ToString(),
            reminder.Start.ToString("O", CultureInfo.InvariantCulture),
            reminder.Period.ToString("c", CultureInfo.InvariantCulture),
        ];
        return JsonSerializer.Serialize(segments, MemberJson)[1..^1];
    }

    /// <summary>Reads a reminder back; null when it is none.</summary>
    public static StateReminder? ToReminder(string member)
    {
        try
        {
            return JsonSerializer.Deserialize<string[]>($"[{member}]") is [_, { } grain, { Length: > 0 } name, _, { } start, { } period]
                && DateTime.TryParse(start, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var first)
                && TimeSpan.TryParse(period, CultureInfo.InvariantCulture, out var every) && every > TimeSpan.Zero
                && FarmGrains.Problem(grain) is null
                    ? new StateReminder(grain, name, DateTime.SpecifyKind(first, DateTimeKind.Utc), every, null)
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string Name(RedisKey key)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString((byte[])key!)[_prefix.Length..];
        }
        catch (DecoderFallbackException)
        {
            throw new StateTransferException($"'{Configuration.Shown.Text(key.ToString())}' in Redis is no record of a grain");
        }
    }
}
