using System.CommandLine;
using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary><c>caur logs</c>: a build's log as the container wrote it.</summary>
internal static class LogsVerb
{
    private static readonly Argument<string> Pkgbase = new("pkgbase") { Description = "The package folder." };

    private static readonly Argument<long?> Timestamp = new("timestamp")
    {
        Description = "Which build: the number at the end of its id. Default: the newest.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<bool> Follow = new("--follow", "-f") { Description = "Go on with what comes, until the build is over." };

    public static Command Create(CliContext context)
    {
        var command = new Command("logs", "Prints a build's log.") { Pkgbase, Timestamp, Follow };
        CommonOptions.AddFarm(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(Pkgbase) is { } name && !Names.IsValid(name))
            {
                result.AddError($"'{name}' is no package folder.");
            }
        });
        command.SetAction(async (result, cancellationToken) =>
        {
            using var farm = result.Farm(context);
            var output = context.OpenOutput();
            await using (output)
            {
                var reader = new LogReader(farm, context.Time) { Note = text => context.Error.WriteLine($"note: {text}") };
                try
                {
                    await reader.ReadAsync(
                        result.GetRequiredValue(Pkgbase),
                        result.GetValue(Timestamp),
                        result.GetValue(Follow),
                        async (piece, token) =>
                        {
                            await output.WriteAsync(piece, token);
                            await output.FlushAsync(token);
                        },
                        cancellationToken);
                }
                catch (OutputClosedException)
                {
                    // Whoever read the output has seen enough.
                }
            }

            return ExitCodes.Ok;
        });
        return command;
    }
}
