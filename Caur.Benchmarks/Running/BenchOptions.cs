using System.Globalization;

namespace Caur.Benchmarks.Running;

/// <summary>The arguments of <c>./caur bench</c>.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        ./caur bench [--row NAME]... [--quick] [--repeat N] [--json FILE] [--list]
                     [--no-peers] [--no-slow-syncs] [--folder DIR] [--source DIR]

        Measures what the farm promises to be fast at, beside the programs that do it today, in the same run.

          --row NAME       only this one; may be given several times
          --quick          small sizes, once: shows that everything runs, and says little of the speed
          --repeat N       how often each is measured, 1 to 100; default 5
          --json FILE      the results for programs
          --list           the rows
          --no-peers       only Caur
          --no-slow-syncs  not a second time with 1 ms added to each sync
          --folder DIR     where the data lies that is synced; default: the folder for temporary files
          --source DIR     a real folder of package folders for the rows 'deptree' and 'on-commit'

        Exit codes: 0 all was measured, 1 a row failed, 2 the arguments are wrong, 3 something cannot be measured on this machine.
        """;

    /// <summary>What is run; all of it when nothing was named.</summary>
    public required IReadOnlyList<Benchmark> Rows { get; init; }

    public bool Quick { get; init; }

    public int Repeat { get; init; } = 5;

    public string? JsonFile { get; init; }

    public bool List { get; init; }

    public bool Peers { get; init; } = true;

    public bool SlowSyncs { get; init; } = true;

    /// <summary>This process was started with syncs that take a millisecond longer.</summary>
    public bool SyncsAreSlow { get; init; }

    public string Folder { get; init; } = Path.GetTempPath();

    public string? Source { get; init; }

    /// <summary>The options, or a line that says what is wrong with the arguments.</summary>
    public static (BenchOptions? Options, string? Error) Parse(IReadOnlyList<string> arguments)
    {
        var options = new BenchOptions { Rows = [] };
        List<Benchmark> rows = [];
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            var value = i + 1 < arguments.Count ? arguments[i + 1] : null;
            switch (name)
            {
                case "--quick":
                    options = options with { Quick = true };
                    continue;
                case "--list":
                    options = options with { List = true };
                    continue;
                case "--no-peers":
                    options = options with { Peers = false };
                    continue;
                case "--no-slow-syncs":
                    options = options with { SlowSyncs = false };
                    continue;
                case "--syncs-are-slow":
                    options = options with { SyncsAreSlow = true };
                    continue;
                case "--row" or "--repeat" or "--json" or "--folder" or "--source" when value is null:
                    return (null, $"{name} wants a value.");
                case "--row" when Benchmark.All.FirstOrDefault(row => row.Name == value) is { } row:
                    rows.Add(row);
                    break;
                case "--row":
                    return (null, $"There is no row '{value}'. There are: {string.Join(", ", Benchmark.All.Select(static row => row.Name))}.");
                case "--repeat" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 100:
                    options = options with { Repeat = count };
                    break;
                case "--repeat":
                    return (null, $"--repeat wants a number from 1 to 100, not '{value}'.");
                case "--json":
                    options = options with { JsonFile = value };
                    break;
                case "--folder" or "--source" when !Directory.Exists(value):
                    return (null, $"{name}: there is no folder '{value}'.");
                case "--folder":
                    options = options with { Folder = Path.GetFullPath(value!) };
                    break;
                case "--source":
                    options = options with { Source = Path.GetFullPath(value!) };
                    break;
                default:
                    return (null, $"'{name}' is not an argument of bench.");
            }

            i++;
        }

        options = options with { Rows = rows.Count > 0 ? rows : Benchmark.All };
        return (options.Quick ? options with { Repeat = 1 } : options, null);
    }
}
