using System.CommandLine;

namespace Caur.Silo.Cli;

/// <summary>What every help has: a line for each verb below, and the exit codes.</summary>
internal static class HelpTexts
{
    private const string ExitCodesLine = "Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 no server; 4 token refused; 130 interrupted.";

    /// <summary>Prepares the help of one command.</summary>
    public static void Complete(Command command)
    {
        foreach (var verb in command.Subcommands)
        {
            verb.Description = verb.Description?.Split('\n')[0];
        }

        if (command.Description?.Contains("Exit codes", StringComparison.Ordinal) == false)
        {
            command.Description = $"{command.Description}\n\n{ExitCodesLine}";
        }
    }
}
