using Caur.Embedded.Storage;
using Orleans.Runtime;

namespace Caur.Embedded.Reminders;

/// <summary>The reminders in the state database.</summary>
internal sealed class ReminderTable(StateDatabase database)
{
    private const string Select = "SELECT grain, name, first_due, period, next_due FROM reminder";
    private const string Upsert = "INSERT OR REPLACE INTO reminder(grain, name, first_due, period, next_due) VALUES(?1, ?2, ?3, ?4, ?5)";
    private const string Note = "UPDATE reminder SET next_due=?3 WHERE grain=?1 AND name=?2 AND first_due=?4";
    private const string Delete = "DELETE FROM reminder WHERE grain=?1 AND name=?2";

    /// <summary>All reminders that can be read.</summary>
    /// <param name="onDamaged">Told the grain, the name and the fault of each row that cannot be one.</param>
    public List<Reminder> ReadAll(Action<string, string, string> onDamaged) => database.Read(onDamaged, Read);

    /// <inheritdoc cref="ReadAll"/>
    public static List<Reminder> Read(SqliteConnection connection, Action<string, string, string> onDamaged)
    {
        var all = new List<Reminder>();
        using var row = connection.Prepare(Select);
        while (row.Step())
        {
            var (grain, name) = (row.Text(0), row.Text(1));
            var (firstDue, period, nextDue) = (row.Integer(2), row.Integer(3), row.Integer(4));
            if (Fault(grain, firstDue, period, nextDue) is { } fault)
            {
                onDamaged(grain, name, fault);
            }
            else
            {
                all.Add(new Reminder(GrainId.Parse(grain), name, firstDue, period, nextDue));
            }
        }

        return all;
    }

    public Task WriteAsync(Reminder reminder) => database.WriteAsync(connection =>
    {
        using var statement = connection.Prepare(Upsert)
            .Bind(1, reminder.Grain.ToString()).Bind(2, reminder.ReminderName)
            .Bind(3, reminder.FirstDue).Bind(4, reminder.Period).Bind(5, reminder.NextDue);
        return statement.Step();
    });

    /// <summary>Notes the next due time, unless the reminder was registered anew meanwhile.</summary>
    public Task NoteAsync(Reminder reminder) => database.WriteAsync(connection =>
    {
        using var statement = connection.Prepare(Note)
            .Bind(1, reminder.Grain.ToString()).Bind(2, reminder.ReminderName).Bind(3, reminder.NextDue).Bind(4, reminder.FirstDue);
        return statement.Step();
    });

    public Task DeleteAsync(Reminder reminder) => database.WriteAsync(connection =>
    {
        using var statement = connection.Prepare(Delete).Bind(1, reminder.Grain.ToString()).Bind(2, reminder.ReminderName);
        return statement.Step();
    });

    private static string? Fault(string grain, long firstDue, long period, long nextDue) =>
        grain.IndexOf('/', StringComparison.Ordinal) < 1 || string.IsNullOrWhiteSpace(grain[..grain.IndexOf('/', StringComparison.Ordinal)])
            ? "it names no grain"
        : period <= 0 ? $"its period is {period}"
        : !IsTime(firstDue) || !IsTime(nextDue) ? $"its times are {firstDue} and {nextDue}"
        : null;

    private static bool IsTime(long ticks) => ticks >= 0 && ticks <= DateTime.MaxValue.Ticks;
}
