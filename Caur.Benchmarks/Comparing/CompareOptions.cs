using System.Globalization;

namespace Caur.Benchmarks.Comparing;

/// <summary>The arguments of <c>./caur compare</c>.</summary>
internal sealed record CompareOptions
{
    public const string Usage = """
        ./caur compare --source DIR --template DIR [--ranges N] [--graphs N] [--seed N] [--folder DIR]

        Runs the scripts of Chaotic-AUR's infra 4.0 and the pipelines of this project over the history of a source repository, and
        compares what they choose to build and to remove, and their dependency graphs. Every difference is explained, or is an error.

          --source DIR    a clone of the source repository, bare or not; it stays as it is
          --template DIR  a clone of the template with the scripts. They are run on this machine: in copies, without network names
          --ranges N      how many ranges of commits, 1 to 10000; default 300
          --graphs N      at how many commits the graphs are compared, 0 to 100; default 3 (each takes the scripts 10 s or more)
          --seed N        chooses other ranges; default 1
          --folder DIR    where copies are made; default: the folder for temporary files

        Needs git, bash and gawk. Exit codes: 0 no difference, or each has its explanation; 1 some have none; 2 the arguments are wrong,
        or something is missing.
        """;

    public required string Source { get; init; }

    public required string Template { get; init; }

    public int Ranges { get; init; } = 300;

    public int Graphs { get; init; } = 3;

    public int Seed { get; init; } = 1;

    public string Folder { get; init; } = Path.GetTempPath();

    /// <summary>The options, or a line that says what is wrong with the arguments.</summary>
    public static (CompareOptions? Options, string? Error) Parse(IReadOnlyList<string> arguments)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (arguments[i] is not ("--source" or "--template" or "--ranges" or "--graphs" or "--seed" or "--folder"))
            {
                return (null, $"'{arguments[i]}' is not an argument of compare.");
            }

            if (i + 1 == arguments.Count)
            {
                return (null, $"{arguments[i]} wants a value.");
            }

            values[arguments[i]] = arguments[i + 1];
        }

        if (!values.TryGetValue("--source", out var source) || !values.TryGetValue("--template", out var template))
        {
            return (null, "--source and --template are wanted.");
        }

        var folder = values.GetValueOrDefault("--folder", Path.GetTempPath());
        if (Array.Find([source, template, folder], path => !Directory.Exists(path)) is { } missing)
        {
            return (null, $"there is no folder '{missing}'.");
        }

        return !Number("--ranges", 300, 1, 10_000, out var ranges) ? (null, "--ranges wants a number from 1 to 10000.")
            : !Number("--graphs", 3, 0, 100, out var graphs) ? (null, "--graphs wants a number from 0 to 100.")
            : !Number("--seed", 1, 0, int.MaxValue, out var seed) ? (null, "--seed wants a number.")
            : (new CompareOptions
            {
                Source = Path.GetFullPath(source),
                Template = Path.GetFullPath(template),
                Folder = Path.GetFullPath(folder),
                Ranges = ranges,
                Graphs = graphs,
                Seed = seed,
            }, null);

        bool Number(string name, int otherwise, int least, int most, out int number)
        {
            number = otherwise;
            return !values.TryGetValue(name, out var text)
                || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most);
        }
    }
}
