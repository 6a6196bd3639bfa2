using System.CommandLine;

namespace Caur.Silo.Cli;

/// <summary><c>caur builder</c>: what builds, and the manual's verb that starts it.</summary>
internal static class BuilderVerb
{
    private const string Description =
        """
        Lists and drains builders.

        Without a verb it is the manual's 'builder', which starts one. In this version builds run in the hub's process: 'caur database' with
        CAUR_SLOTS or --slots. It says so and ends with 1.
        """;

    public static Command Create(CliContext context)
    {
        var command = new Command("builder", Description);
        command.SetAction(_ =>
        {
            context.Error.WriteLine(
                "caur: builds run in the hub's process: 'caur database' with CAUR_SLOTS or --slots says how many at a time. This version has no builder on another machine.");
            return ExitCodes.Failed;
        });
        return command;
    }
}
