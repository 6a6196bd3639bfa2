using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Xunit.Sdk;

namespace Caur.Tests.Soak;

/// <summary>Runs rounds of scenarios beside each other until the time is over or one fails.</summary>
/// <param name="options">What to run.</param>
/// <param name="time">The clock.</param>
/// <param name="output">Where the lines go.</param>
internal sealed class SoakRun(SoakOptions options, TimeProvider time, TextWriter output)
{
    /// <summary>A round that takes longer hangs.</summary>
    public static readonly TimeSpan RoundLimit = TimeSpan.FromMinutes(5);

    private readonly SoakCounts _counts = new();
    private readonly SortedDictionary<string, (int Rounds, TimeSpan Time)> _rounds = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly List<string> _failures = [];
    private readonly ConcurrentDictionary<string, bool> _leftOut = new(StringComparer.Ordinal);
    private readonly long _begin = time.GetTimestamp();
    private int _started;

    /// <summary>The number of rounds that failed.</summary>
    public int Failures => _failures.Count;

    /// <summary>The number of rounds that passed.</summary>
    public int Passed => _rounds.Values.Sum(static r => r.Rounds);

    /// <summary>The main program of <c>./caur soak</c>.</summary>
    public static async Task<int> MainAsync(string[] arguments)
    {
        if (arguments is ["--help"] or ["-h"] or ["--list"])
        {
            await Console.Out.WriteLineAsync(
                arguments is ["--list"] ? string.Join('\n', SoakScenarios.All.Select(static s => s.Name)) : SoakOptions.Usage);
            return 0;
        }

        var (options, error) = SoakOptions.Parse(arguments);
        if (options is null)
        {
            await Console.Error.WriteLineAsync($"{error}\n\n{SoakOptions.Usage}");
            return 2;
        }

        using var cancelled = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            cancelled.Cancel();
        };
        var run = new SoakRun(options, TimeProvider.System, Console.Out);
        await run.RunAsync(cancelled.Token);
        return run.Failures == 0 && run.Passed > 0 ? 0 : 1;
    }

    public async Task RunAsync(CancellationToken cancelled)
    {
        Say($"Soak with seed {options.Seed} for {options.Duration.TotalMinutes:0.##} minutes in {options.Lanes} lanes: "
            + string.Join(", ", options.Scenarios.Select(static s => s.Name)));
        if (options.RoundSeed is { } seed)
        {
            await RunRoundAsync(options.Scenarios[0], seed, cancelled);
        }
        else
        {
            await Task.WhenAll(Enumerable.Range(0, options.Lanes).Select(lane => RunLaneAsync(lane, cancelled)));
        }

        Summarise();
    }

    /// <summary>A lane takes the scenarios in random order, all of them before one comes again, so that a short run has run each.</summary>
    [SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
    private async Task RunLaneAsync(int lane, CancellationToken cancelled)
    {
        await Task.Yield();
        var random = new Random(unchecked(options.Seed + (lane * 7919)));
        while (true)
        {
            foreach (var scenario in Shuffled(random))
            {
                if (cancelled.IsCancellationRequested || Failures > 0 || time.GetElapsedTime(_begin) >= options.Duration
                    || _leftOut.Count == options.Scenarios.Count)
                {
                    return;
                }

                if (_leftOut.ContainsKey(scenario.Name))
                {
                    continue;
                }

                await RunRoundAsync(scenario, random.Next(), cancelled);
            }
        }
    }

    private ISoakScenario[] Shuffled(Random random)
    {
        var scenarios = options.Scenarios.ToArray();
        random.Shuffle(scenarios);
        return scenarios;
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a round throws is its failure, and is said.")]
    private async Task RunRoundAsync(ISoakScenario scenario, int seed, CancellationToken cancelled)
    {
        var number = Interlocked.Increment(ref _started);
        var folder = Directory.CreateTempSubdirectory("caur-soak-").FullName;
        var begin = time.GetTimestamp();
        Say($"round {number}: {scenario.Name}, seed {seed}");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        try
        {
            await scenario.RunAsync(new SoakRound(seed, folder, isShort: false, _counts, limit.Token)).WaitAsync(RoundLimit, time, cancelled);
            var took = time.GetElapsedTime(begin);
            lock (_gate)
            {
                var (rounds, total) = _rounds.GetValueOrDefault(scenario.Name);
                _rounds[scenario.Name] = (rounds + 1, total + took);
            }

            Say($"round {number}: passed in {took.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s");
            Directory.Delete(folder, recursive: true);
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
        {
            Say($"round {number}: called off");
        }
        catch (SkipException missing)
        {
            _leftOut[scenario.Name] = true;
            Say($"round {number}: {scenario.Name} is left out: {missing.Message}");
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error)
        {
            await limit.CancelAsync();
            var what = error is TimeoutException && time.GetElapsedTime(begin) >= RoundLimit ? $"did not end within {RoundLimit}" : error.ToString();
            var failure = $"{scenario.Name}, seed {seed}: {what}\n    its files: {folder}\n    again: ./caur soak --scenario {scenario.Name} --round-seed {seed}";
            lock (_gate)
            {
                _failures.Add(failure);
            }

            Say($"round {number}: FAILED: {failure}");
        }
    }

    private void Summarise()
    {
        Say("Summary");
        foreach (var (name, (rounds, total)) in _rounds)
        {
            Say($"  {name}: {rounds} rounds, {total.TotalSeconds:0} s");
        }

        foreach (var (what, number) in _counts.All())
        {
            Say($"  {what}: {number.ToString("N0", CultureInfo.InvariantCulture)}");
        }

        Say($"seed {options.Seed}: {Passed} rounds passed, {Failures} failed");
    }

    private void Say(string line)
    {
        var elapsed = time.GetElapsedTime(_begin);
        lock (_gate)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{(int)elapsed.TotalMinutes:00}:{elapsed.Seconds:00}] {line}"));
            output.Flush();
        }
    }
}
