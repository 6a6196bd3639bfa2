using System.Diagnostics;
using System.Globalization;

namespace Caur.Benchmarks.Running;

/// <summary>What a row measures with, and where its figures go.</summary>
internal sealed class BenchRun(BenchOptions options, RowResult result, string folder, TextWriter progress)
{
    private readonly List<(Line Ours, Line Peer)> _pairs = [];
    private int _folders;

    public BenchOptions Options => options;

    public bool Quick => options.Quick;

    public int Repeat => options.Repeat;

    /// <summary>Whether other programs are measured too.</summary>
    public bool Peers => options.Peers;

    /// <summary>The same in small for a quick run.</summary>
    public int Size(int full, int quick) => options.Quick ? quick : full;

    /// <summary>A line of the row; samples go into it.</summary>
    public Line Add(string label, string unit, LineKind kind = LineKind.Caur, Goal? goal = null)
    {
        var line = new Line { Label = label, Unit = unit, Kind = kind, Goal = Quick ? null : goal, SyncDelay = options.SyncsAreSlow ? 1 : 0 };
        result.Lines.Add(line);
        return line;
    }

    /// <summary>A figure that was measured elsewhere.</summary>
    public void Known(string label, string unit, params double[] values)
    {
        if (!options.SyncsAreSlow)
        {
            Add(label, unit, LineKind.Known).Samples.AddRange(values.Select(static value => new Sample(value, 0)));
        }
    }

    /// <summary>Sets two lines beside each other when all is measured.</summary>
    public void Compare(Line ours, Line peer) => _pairs.Add((ours, peer));

    public void Note(string note)
    {
        if (!result.Notes.Contains(note))
        {
            result.Notes.Add(note);
        }
    }

    public void CannotMeasure(string what, string why)
    {
        Progress($"{what} cannot be measured here: {why}");
        result.NotMeasured.Add(new NotMeasured(what, why));
    }

    public void Progress(string text) => progress.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {result.Name}: {text}"));

    /// <summary>A new, empty folder on the disk that is measured. Its name is short: a hub's folder has sockets in it.</summary>
    public string NewFolder()
    {
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{++_folders}"));
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Does something and takes down how long it took, in milliseconds.</summary>
    public async Task TimeAsync(Line line, Func<Task> work, params int[] servers)
    {
        var cpu = CpuTime.Now(servers);
        var started = Stopwatch.GetTimestamp();
        await work();
        Take(line, Stopwatch.GetElapsedTime(started).TotalMilliseconds, CpuTime.Now(servers) - cpu);
    }

    public void Take(Line line, double value, double cpuSeconds = 0)
    {
        line.Samples.Add(new Sample(value, cpuSeconds));
        Progress(string.Create(CultureInfo.InvariantCulture, $"{line.Label}: {value:#,0.##} {line.Unit}"));
    }

    public static void Check(bool isRight, string whatElse)
    {
        if (!isRight)
        {
            throw new BenchmarkFailedException(whatElse);
        }
    }

    /// <summary>Works out the ratios.</summary>
    public void Finish() => result.Ratios.AddRange(_pairs.Select(pair => Ratio.Of(pair.Ours, pair.Peer)).OfType<Ratio>());
}
