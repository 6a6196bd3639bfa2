using System.Globalization;
using System.Text;
using Caur.Benchmarks.Running;
using Caur.Pipelines.Runs;

namespace Caur.Benchmarks.Schedules;

/// <summary>What the steps of a run took: by the clock, of this process' processors, and of those of the programs that it started.</summary>
internal sealed class PhaseTimes
{
    private readonly List<(RunStep Step, double Own, double All)> _steps = [];
    private double _own = Own();
    private double _all = CpuTime.Now();

    public double OwnSeconds => _steps.Sum(one => one.Own);

    /// <summary>The sums, in a line.</summary>
    public string Total => Line("", _steps.Sum(one => one.Step.Duration!.Value.TotalSeconds), OwnSeconds, _steps.Sum(one => one.All));

    /// <summary>Told of each change of a run.</summary>
    public void Changed(PipelineRun run)
    {
        if (run.Steps.Length > _steps.Count && run.Steps[_steps.Count] is { Ended: not null } step)
        {
            var (own, all) = (Own(), CpuTime.Now());
            _steps.Add((step, own - _own, all - _all));
            (_own, _all) = (own, all);
        }
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (step, own, all) in _steps)
        {
            text.AppendLine(Line($"{step.Name,-10}", step.Duration!.Value.TotalSeconds, own, all) + $"   {step.Detail}");
        }

        return text.Append("          ").Append(Total).ToString();
    }

    private static string Line(string name, double wall, double own, double all) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}{wall,7:0.000} s   own CPU {own,6:0.000} s   programs {Math.Max(0, all - own),5:0.00} s");

    private static double Own() => Environment.CpuUsage.TotalTime.TotalSeconds;
}
