using System.Globalization;
using System.Text;

namespace Caur.Benchmarks.Running;

/// <summary>The results as tables for people.</summary>
internal static class ReportText
{
    public static string Of(BenchResult result)
    {
        var text = new StringBuilder();
        var machine = result.Machine;
        Line($"{machine.Processors} processors ({machine.Processor}), {machine.FileSystem}, {machine.Runtime}");
        Line($"A sync of 4 KiB costs {Show(machine.SyncMilliseconds)} ms; load average {machine.LoadBefore:0.0} at the begin, {machine.LoadAfter:0.0} at the end");
        if (machine.SlowSyncMilliseconds is { } slow)
        {
            Line($"Where 1 ms was added, a sync cost {Show(slow)} ms");
        }

        Line($"x says how many times as good Caur is, repetition by repetition: more than 1 is better.");
        Line($"Figures are medians (least..most of the repetitions). CPU is of this process, its children and the servers measured.");
        if (result.Quick)
        {
            Line($"QUICK: small sizes, once. These figures show that it runs, not how fast it is.");
        }

        foreach (var row in result.Rows)
        {
            Line($"");
            Line($"{row.Name}: {row.Work}");
            var width = Math.Max(20, row.Lines.Select(Label).Select(static label => label.Length).DefaultIfEmpty().Max());
            foreach (var line in row.Lines.Where(static line => line.Value is not null))
            {
                var cpu = line.CpuSeconds is { Median: > 0 } used ? FormattableString.Invariant($"  cpu {used.Median:0.00} s") : "";
                var goal = line.Goal is null ? ""
                    : FormattableString.Invariant($"  goal {(line.Goal.AtLeast ? ">=" : "<=")} {line.Goal.Limit:#,0.##}")
                        + (line.GoalIsMet switch { true => ": met", false => ": MISSED", null => "" });
                Line($"  {Label(line).PadRight(width)}  {Show(line.Value!),-32} {line.Unit}{cpu}{goal}");
            }

            foreach (var ratio in row.Ratios)
            {
                Line($"  x {Show(ratio.Times)}  {ratio.Line}, beside {ratio.Peer}{Delayed(ratio.SyncDelay)}");
            }

            foreach (var missing in row.NotMeasured)
            {
                Line($"  not measured: {missing.What}: {missing.Why}");
            }

            foreach (var note in row.Notes)
            {
                Line($"  {note}");
            }

            if (row.Failure is { } failure)
            {
                Line($"  FAILED: {failure}");
            }
        }

        return text.ToString();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Label(Line line) => line.Kind switch
    {
        LineKind.Caur => line.Label,
        LineKind.Peer => $"beside it: {line.Label}",
        _ => $"known: {line.Label}",
    } + Delayed(line.SyncDelay);

    private static string Delayed(int milliseconds) => milliseconds > 0 ? $", +{milliseconds} ms per sync" : "";

    private static string Show(Spread spread) => spread.Min == spread.Max
        ? Show(spread.Median)
        : $"{Show(spread.Median)} ({Show(spread.Min)}..{Show(spread.Max)})";

    private static string Show(double value) =>
        value.ToString(Math.Abs(value) switch { >= 100 => "#,0", >= 10 => "0.0", _ => "0.00" }, CultureInfo.InvariantCulture);
}
