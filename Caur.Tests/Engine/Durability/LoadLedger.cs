using System.Globalization;
using System.Text.Json;
using Caur.Embedded;
using Caur.Embedded.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Engine.Durability;

/// <summary>What <see cref="EngineLoad"/> was answered, and whether a database has it: all of it, nothing else, and nothing in pieces.</summary>
internal sealed class LoadLedger
{
    private readonly Dictionary<string, long> _answered = EngineLoad.Keys.ToDictionary(static key => key, static _ => 0L);

    /// <summary>The operations of each key that are known to be done.</summary>
    public IReadOnlyDictionary<string, long> Done => _answered;

    /// <summary>Takes a line of the process. False when it is none that counts.</summary>
    public bool Add(string line)
    {
        if (line.Split(' ') is not ["answered", var key, var text] || !long.TryParse(text, CultureInfo.InvariantCulture, out var number)
            || !_answered.TryGetValue(key, out var before))
        {
            return false;
        }

        // A line that was cut off can have a smaller number, never a greater one.
        _answered[key] = Math.Max(before, number);
        return true;
    }

    /// <summary>
    /// Checks a copy of the file and its log, so that the file itself stays as the killed process left it. One operation of each key may
    /// have been done and its answer killed; such ones count as done from now on.
    /// </summary>
    public void Check(string databasePath, string copyFolder)
    {
        var copy = Path.Combine(copyFolder, "copy.db");
        foreach (var suffix in new[] { "", "-wal", "-journal" })
        {
            File.Delete(copy + suffix);
            if (File.Exists(databasePath + suffix))
            {
                File.Copy(databasePath + suffix, copy + suffix);
            }
        }

        if (!File.Exists(copy))
        {
            _answered.Values.ShouldAllBe(static number => number == 0, "there is no database");
            return;
        }

        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var instruments = ActivatorUtilities.CreateInstance<EngineInstruments>(services);
        using var database = new StateDatabase(copy, instruments, NullLogger.Instance);
        database.Read(0, static (connection, _) => connection.Scalar("PRAGMA integrity_check")).ShouldBe("ok");
        var stored = database.Read(0, static (connection, _) => Read(connection));
        foreach (var key in EngineLoad.Keys)
        {
            _answered[key] = StoredNumber(key, _answered[key], stored);
        }

        stored.Keys.Select(static key => key.Split('/')[0]).Except(EngineLoad.Keys).ShouldBeEmpty("nobody wrote these");
    }

    private static long StoredNumber(string key, long answered, Dictionary<string, long> stored)
    {
        var found = stored.TryGetValue(key, out var number) ? number : default(long?);
        switch (key.Split('-')[0])
        {
            case "clear" when found is null:
                // Even operations clear: this is the last answered one, or the one that followed it.
                return answered % 2 == 0 ? answered : answered + 1;
            case "slots":
                var slots = Enumerable.Range(0, LoadGrain.Slots).Select(slot => stored.GetValueOrDefault($"{key}/{slot}")).ToList();
                slots.ShouldAllBe(one => one >= answered && one <= answered + 1, $"slots of {key} after {answered}: {string.Join(", ", slots)}");
                return slots.Min();
            default:
                (found ?? 0).ShouldBeInRange(answered, answered + 1, $"{key} was answered {answered}");
                return found ?? 0;
        }
    }

    private static Dictionary<string, long> Read(SqliteConnection connection)
    {
        var stored = new Dictionary<string, long>();
        using (var row = connection.Prepare("SELECT grain, name, data, crc FROM grain_state"))
        {
            while (row.Step())
            {
                var (grain, name, data) = (row.Text(0)["load/".Length..], row.Text(1), row.Bytes(2));
                ((uint)row.Integer(3)).ShouldBe(Checksum.Of(data), $"checksum of {name} of {grain}");
                var key = name.StartsWith("slot-", StringComparison.Ordinal) ? $"{grain}/{name["slot-".Length..]}" : grain;
                stored[key] = JsonSerializer.Deserialize<LoadState>(data)!.NumberOf(key);
            }
        }

        using var reminder = connection.Prepare("SELECT grain, period FROM reminder");
        while (reminder.Step())
        {
            stored[reminder.Text(0)["load/".Length..]] = reminder.Integer(1) / TimeSpan.TicksPerMinute;
        }

        return stored;
    }
}
