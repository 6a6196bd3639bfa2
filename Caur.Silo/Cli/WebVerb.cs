using System.CommandLine;

namespace Caur.Silo.Cli;

/// <summary><c>caur web</c>: the manual's verb for logs without a manager. The hub serves them itself.</summary>
internal static class WebVerb
{
    private static readonly Option<int?> Port = new("--web-port") { Description = "Accepted and not used.", HelpName = "N" };

    public static Command Create(CliContext context)
    {
        var command = new Command("web", "Not needed: 'caur database --web-port N' serves logs, queue and repositories itself. Says so and ends with 1.") { Port };
        command.SetAction(_ =>
        {
            context.Error.WriteLine(
                "caur: the hub serves the web itself: 'caur database --web-port N'. This version has no second process for it; put a reverse proxy before the hub.");
            return ExitCodes.Failed;
        });
        return command;
    }
}
