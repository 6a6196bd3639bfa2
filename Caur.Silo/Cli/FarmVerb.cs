using System.CommandLine;
using Caur.Silo.Settings;

namespace Caur.Silo.Cli;

/// <summary>One run of a verb that speaks to a hub.</summary>
/// <param name="Result">Its arguments.</param>
/// <param name="Context">Environment and output.</param>
/// <param name="Farm">The hub.</param>
internal sealed record FarmRun(ParseResult Result, CliContext Context, FarmClient Farm)
{
    /// <summary>Whether the output is for programs.</summary>
    public bool IsJson => Result.GetValue(CommonOptions.Json);

    /// <summary>Says which of the manual's variables are set and do not do here what the manual says.</summary>
    public void NoteManualsVariables()
    {
        foreach (var note in FarmVariables.Notes(Context.Variable, Readers.Verbs))
        {
            Context.Error.WriteLine($"note: {note}");
        }
    }

    /// <summary>Prints a result, one document, for programs or for people.</summary>
    public void Print<T>(T document, Action text)
    {
        if (IsJson)
        {
            JsonText.Write(Context.Out, document);
        }
        else
        {
            text();
        }
    }
}

/// <summary>What the verbs that speak to a hub have in common: options, the client, its end.</summary>
internal static class FarmVerb
{
    /// <summary>Makes one.</summary>
    /// <param name="context">Environment and output.</param>
    /// <param name="name">The verb.</param>
    /// <param name="description">For its help.</param>
    /// <param name="symbols">Its own arguments and options.</param>
    /// <param name="run">What it does; returns an exit code.</param>
    public static Command Create(
        CliContext context, string name, string description, IEnumerable<Symbol> symbols, Func<FarmRun, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description);
        AddAction(command, context, symbols, run);
        return command;
    }

    /// <summary>Gives a command what it is to do when no verb below it is named.</summary>
    public static void AddAction(Command command, CliContext context, IEnumerable<Symbol> symbols, Func<FarmRun, CancellationToken, Task<int>> run)
    {
        AddSymbols(command, symbols);
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var farm = result.Farm(context);
            return await run(new FarmRun(result, context, farm), cancellationToken);
        });
    }

    /// <summary>Gives a command arguments and options of its own, and those that all of these verbs have.</summary>
    public static void AddSymbols(Command command, IEnumerable<Symbol> symbols)
    {
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Add(argument);
            }
            else
            {
                command.Add((Option)symbol);
            }
        }

        command.Add(CommonOptions.Server);
        command.Add(CommonOptions.Token);
        command.Add(CommonOptions.Data);
        command.Add(CommonOptions.Json);
    }
}
