using System.Text;
using Caur.Silo.StateTransfer;
using Caur.Tests.Support;

namespace Caur.Tests.StateTransfer;

/// <summary>State of every kind that a farm has, and some that it should not have.</summary>
internal static class StateSamples
{
    public static readonly DateTime Time = new(2026, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc);

    /// <summary>The records of farms that exist, as they are stored, and reminders.</summary>
    public static IReadOnlyList<StateEntry> Entries { get; } =
    [
        Record("build/chaotic-aur/x86_64/gtk+2.0@x/1767225600123", "build", Format("BuildRecord")),
        Record("builder/host-1/0", "builder", Format("BuilderRecord")),
        Record("buildlog/chaotic-aur/x86_64/gtk+2.0@x/1767225600123", "log", Format("LogState")),
        Record("buildqueue/x86_64", "queue-cursor", """{"v":1,"s":{"slots":256}}"""),
        Record("buildqueue/x86_64", "queue-cursor-2", """{"v":1,"s":{"slots":256}}"""),
        Record("buildqueue/x86_64", "queue-0", Format("QueueSlot")),
        Record("buildqueue/x86_64", "queue-17", Format("QueueSlot")),
        Record("buildqueue/x86_64", "operation-3", Format("OperationPart")),
        Record("buildqueue/x86_64", "settings-2", Format("QueueSettings")),
        Record("package/packages/gtk+2.0@x", "package", Format("BuildHistory")),
        Record("sourcerepository/packages", "following", Format("FollowState")),
        Record("sourcerepository/packages", "run-5", Format("RunDetails")),
        Record("targetrepository/chaotic-aur/x86_64", "intent", Format("PublicationIntent")),
        Record("notifications/farm", "state", """{"v":1,"s":{"text":"Grüße, 世界 \u0000 \ud83d\ude00 / \\ </script>"}}"""),

        // What a fault left: cut, no UTF-8, empty, of two lines, and one that still looks sound.
        new StateRecord("buildqueue/x86_64", "queue-1", """{"v":1,"s":{"sta"""u8.ToArray(), IsDamaged: true),
        new StateRecord("buildqueue/x86_64", "queue-2", new byte[] { 0x00, 0xFF, 0x7B, 0x0A }, IsDamaged: false),
        new StateRecord("buildqueue/x86_64", "queue-3", Array.Empty<byte>(), IsDamaged: true),
        new StateRecord("buildqueue/x86_64", "queue-4", "{\"v\":1,\n \"s\":{}}\n"u8.ToArray(), IsDamaged: false),
        new StateRecord("buildqueue/x86_64", "settings", """{"v":1,"s":{"paused":false}}"""u8.ToArray(), IsDamaged: true),
        new StateReminder("buildqueue/x86_64", "reconcile", Time, TimeSpan.FromMinutes(1), null),
        new StateReminder("sourcerepository/packages", "a \"name\" / ü", Time.AddTicks(1234567), TimeSpan.FromTicks(36_000_000_001), null),
    ];

    public static StateHeader Header { get; } = new("embedded", Time, "/var/lib/caur");

    /// <summary>A file with these entries, as an export writes it.</summary>
    public static async Task<byte[]> FileAsync(params IEnumerable<StateEntry> entries)
    {
        var file = new MemoryStream();
        using var writer = new StateFileWriter(file);
        await writer.WriteAsync(Header, TestContext.Current.CancellationToken);
        foreach (var entry in entries)
        {
            await writer.WriteAsync(entry, TestContext.Current.CancellationToken);
        }

        await writer.EndAsync(TestContext.Current.CancellationToken);
        return file.ToArray();
    }

    /// <summary>Reads a file.</summary>
    public static async Task<List<StateEntry>> ReadAsync(byte[] file)
    {
        var entries = new List<StateEntry>();
        await foreach (var entry in new StateFileReader(new MemoryStream(file), "FILE").ReadAsync(TestContext.Current.CancellationToken))
        {
            entries.Add(entry);
        }

        return entries;
    }

    /// <summary>Entries as text that shows every byte, in an order of their own.</summary>
    public static IEnumerable<string> Shown(IEnumerable<StateEntry> entries) => entries.Select(Shown).Order(StringComparer.Ordinal);

    private static string Shown(StateEntry entry) => entry switch
    {
        StateRecord record => $"{record.Title} {(record.IsDamaged ? "damaged " : "")}{Convert.ToHexString(record.Data.Span)}",
        StateReminder reminder => $"{reminder.Title} {reminder.Start:O} {reminder.Period:c}",
        _ => throw new ArgumentException(entry.Title),
    };

    private static StateRecord Record(string grain, string state, string json) => new(grain, state, Encoding.UTF8.GetBytes(json), IsDamaged: false);

    /// <summary>One of the checked-in records, as the serializer writes it.</summary>
    private static string Format(string name)
    {
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(SourceTree.Root, "Caur.Tests", "Grains", "State", $"{name}.json")));
        return System.Text.Json.JsonSerializer.Serialize(json.RootElement);
    }
}
