using System.CommandLine;
using System.Reflection;

namespace Caur.Silo.Cli;

/// <summary><c>caur version</c>.</summary>
internal static class VersionVerb
{
    public static Command Create(CliContext context)
    {
        var command = new Command("version", "Prints the version.") { CommonOptions.Json };
        command.SetAction(result =>
        {
            var version = typeof(VersionVerb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, new { version });
            }
            else
            {
                context.Out.WriteLine($"caur {version}");
            }

            return ExitCodes.Ok;
        });
        return command;
    }
}
