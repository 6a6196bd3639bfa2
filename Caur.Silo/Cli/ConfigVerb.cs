using System.CommandLine;
using Caur.Contracts.Ids;
using Caur.Silo.Configuration;
using Caur.Silo.Settings;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary><c>caur config check</c>: what file and environment say and whether it can work, without starting or creating anything.</summary>
internal static class ConfigVerb
{
    private const string Hub = "hub";
    private const string Verbs = "verbs";

    private static readonly Option<string> For = new("--for")
    {
        Description = "Whose settings: the hub's ('caur database'), or those of the verbs that speak to one. Default: hub.",
        HelpName = $"{Hub}|{Verbs}",
        DefaultValueFactory = _ => Hub,
    };

    private static readonly Option<string?> File = new("--config")
    {
        Description = $"The hub's configuration file. Default: CAUR_CONFIG, else {ConfigurationFile.Name} in the data folder, else {ConfigurationFile.Shared}.",
        HelpName = "FILE",
    };

    static ConfigVerb() => For.AcceptOnlyFromAmong(Hub, Verbs);

    public static Command Create(CliContext context) => new("config", "Looks at the settings.") { CreateCheck(context) };

    private static Command CreateCheck(CliContext context)
    {
        var command = new Command(
            "check",
            "Says what becomes of the file and of every variable that is set, and whether all of it can work. Starts and creates nothing. 0 when it can, else 2.")
        {
            For, File, CommonOptions.Data, CommonOptions.Json,
        };
        command.SetAction(result =>
        {
            var report = result.GetRequiredValue(For) == Hub ? OfHub(result, context) : OfVerbs(result, context);
            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, report);
            }
            else
            {
                Print(context, report);
            }

            return report.Ok ? ExitCodes.Ok : ExitCodes.Usage;
        });
        return command;
    }

    private static Report OfHub(ParseResult result, CliContext context)
    {
        var found = ConfigurationCheck.Run(result.GetValue(File), context.Variable, result.GetValue(CommonOptions.Data));
        return new(
            found.File,
            [.. found.Problems.Select(problem => problem.ToString())],
            [.. found.Notes.Select(note => note.ToString()), .. Unknown(context)],
            [.. found.Values.Select(value => new Value(value.Setting.Name, value.ShownText, value.Place.ToString()))],
            Variables(context, Readers.Hub));
    }

    private static Report OfVerbs(ParseResult result, CliContext context)
    {
        string[] problems;
        try
        {
            // Makes the client, which reads everything, and connects to nothing.
            result.Farm(context).Dispose();
            problems = [];
        }
        catch (FarmException wrong)
        {
            problems = [wrong.Message];
        }

        return new(null, problems, [.. Unknown(context)], [], Variables(context, Readers.Verbs));
    }

    private static void Print(CliContext context, Report report)
    {
        if (report.File is { } file)
        {
            context.Out.WriteLine($"file       {file}");
        }

        if (report.Settings.Count > 0)
        {
            var table = context.NewTable("SETTING", "VALUE", "FROM");
            foreach (var one in report.Settings)
            {
                table.AddRow(new Text(one.Setting), new Text(one.Text), new Text(one.From));
            }

            context.Write(table);
            context.Out.WriteLine();
        }

        if (report.Variables.Count > 0)
        {
            var table = context.NewTable("VARIABLE", "USED", "WHAT IT DOES, OR WHAT TO DO INSTEAD");
            foreach (var one in report.Variables)
            {
                table.AddRow(new Text(one.Name), new Text(one.Used ? "yes" : "no"), new Text(one.Meaning));
            }

            context.Write(table);
        }

        foreach (var note in report.Notes)
        {
            context.Error.WriteLine($"note: {note}");
        }

        foreach (var problem in report.Problems)
        {
            context.Error.WriteLine($"wrong: {problem}");
        }

        context.Out.WriteLine(report.Problems.Count switch
        {
            0 => "All settings can work.",
            1 => "1 setting cannot work.",
            var several => $"{several} settings cannot work.",
        });
    }

    private static List<Fate> Variables(CliContext context, Readers who) =>
        [.. FarmVariables.Set(context.Variable).Select(one => Fate.Of(one, who))];

    /// <summary>Variables that have our name and that nothing reads.</summary>
    private static IEnumerable<string> Unknown(CliContext context)
    {
        var known = FarmVariables.All.Select(one => one.Name).ToHashSet();
        foreach (var name in context.VariableNames().Where(name => name.StartsWith("CAUR_", StringComparison.Ordinal) && !known.Contains(name)).Order(StringComparer.Ordinal))
        {
            var nearest = NearestNames.Of(name, known);
            yield return $"{name} is set, and nothing reads it{(nearest.Count > 0 ? $"; did you mean {string.Join(" or ", nearest)}?" : "")}";
        }
    }

    /// <summary>What was found.</summary>
    private sealed record Report(
        string? File, IReadOnlyList<string> Problems, IReadOnlyList<string> Notes, IReadOnlyList<Value> Settings, IReadOnlyList<Fate> Variables)
    {
        public bool Ok => Problems.Count == 0;
    }

    /// <summary>A setting that is set; secrets are masked.</summary>
    private sealed record Value(string Setting, string Text, string From);

    /// <summary>What becomes of a variable that is set.</summary>
    private sealed record Fate(string Name, bool Used, string Meaning)
    {
        public static Fate Of(FarmVariable one, Readers who) => one.ReadBy.HasFlag(who)
            ? new(one.Name, true, one.Meaning)
            : new(one.Name, false, one.ReadBy == Readers.None ? one.Meaning
                : one.Elsewhere ?? $"for {(one.ReadBy.HasFlag(Readers.Verbs) ? "the verbs that speak to a hub" : one.ReadBy == Readers.Web ? "'caur web'" : "the hub")}: {one.Meaning}");
    }
}
