using System.CommandLine;
using Caur.Grains.Sources;
using Caur.Silo.Hub;
using Caur.Silo.Settings;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary><c>caur config check</c>: what the environment says and whether it can work, without starting or creating anything.</summary>
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

    static ConfigVerb() => For.AcceptOnlyFromAmong(Hub, Verbs);

    public static Command Create(CliContext context) => new("config", "Looks at the settings.") { CreateCheck(context) };

    private static Command CreateCheck(CliContext context)
    {
        var command = new Command("check", "Says what becomes of every variable that is set, and whether all of it can work. Starts and creates nothing. 0 or 2.")
        {
            For, CommonOptions.Data, CommonOptions.Json,
        };
        command.SetAction(result =>
        {
            var forHub = result.GetRequiredValue(For) == Hub;
            var problems = forHub ? HubProblems(result, context) : VerbProblems(result, context);
            var variables = FarmVariables.Set(context.Variable).Select(one => Fate.Of(one, forHub ? Readers.Hub | Readers.Builder : Readers.Verbs)).ToList();
            var notes = Unknown(context).ToList();
            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, new { ok = problems.Count == 0, problems, notes, variables });
            }
            else
            {
                Print(context, variables, notes, problems);
            }

            return problems.Count == 0 ? ExitCodes.Ok : ExitCodes.Usage;
        });
        return command;
    }

    private static void Print(CliContext context, IReadOnlyList<Fate> variables, IReadOnlyList<string> notes, IReadOnlyList<string> problems)
    {
        if (variables.Count > 0)
        {
            var table = context.NewTable("VARIABLE", "USED", "WHAT IT DOES, OR WHAT TO DO INSTEAD");
            foreach (var one in variables)
            {
                table.AddRow(new Text(one.Name), new Text(one.Used ? "yes" : "no"), new Text(one.Meaning));
            }

            context.Write(table);
        }

        foreach (var note in notes)
        {
            context.Error.WriteLine($"note: {note}");
        }

        foreach (var problem in problems)
        {
            context.Error.WriteLine($"wrong: {problem}");
        }

        context.Out.WriteLine(problems.Count switch
        {
            0 => "All settings can work.",
            1 => "1 setting cannot work.",
            var several => $"{several} settings cannot work.",
        });
    }

    private static IReadOnlyList<string> HubProblems(ParseResult result, CliContext context) =>
        HubCheck.Problems(new HubSettings { Variable = context.Variable, DataFolder = result.DataFolder(context) });

    private static List<string> VerbProblems(ParseResult result, CliContext context)
    {
        try
        {
            // Makes the client, which reads everything, and connects to nothing.
            result.Farm(context).Dispose();
            return [];
        }
        catch (FarmException wrong)
        {
            return [wrong.Message];
        }
    }

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

    /// <summary>What becomes of a variable that is set. Values are shown to nobody: some are secrets.</summary>
    private sealed record Fate(string Name, bool Used, string Meaning)
    {
        public static Fate Of(FarmVariable one, Readers who)
        {
            var used = (one.ReadBy & who) != 0;
            return new(one.Name, used, used || one.ReadBy == Readers.None ? one.Meaning
                : one.Elsewhere ?? $"{(one.ReadBy == Readers.Verbs ? "for the verbs that speak to a hub" : "for the hub")}: {one.Meaning}");
        }
    }
}
