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

    static LogsVerb() => Timestamp.Validators.Add(static result =>
    {
        if (result.Tokens is [{ Value: ['-', ..] text }])
        {
            result.AddError($"'{text}' is no timestamp: the number at the end of a build's id is wanted.");
        }
    });

    private const string Description =
        """
        Prints a build's log, as the container wrote it.

        With --json each line is an object of its own: {"offset":0,"text":"..."}, the offset in bytes of the log. With -f, Ctrl-C ends the
        reading, not the build.
        """;

    public static Command Create(CliContext context)
    {
        var command = FarmVerb.Create(context, "logs", Description, [Pkgbase, Timestamp, Follow], RunAsync);
        command.Validators.Add(result =>
        {
            if (result.GetValue(Pkgbase) is { } name && !Names.IsValid(name))
            {
                result.AddError($"'{name}' is no package folder.");
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(FarmRun run, CancellationToken cancellationToken)
    {
        var context = run.Context;
        var output = context.OpenOutput();
        await using (output)
        {
            var lines = run.IsJson ? new LogLines() : null;
            var reader = new LogReader(run.Farm, context.Time) { Note = text => context.Error.WriteLine($"note: {text}") };
            try
            {
                await reader.ReadAsync(
                    run.Result.GetRequiredValue(Pkgbase),
                    run.Result.GetValue(Timestamp),
                    run.Result.GetValue(Follow),
                    async (piece, token) =>
                    {
                        await output.WriteAsync(lines is null ? piece : lines.Take(piece.Span), token);
                        await output.FlushAsync(token);
                    },
                    cancellationToken);
                if (lines is not null)
                {
                    await output.WriteAsync(lines.End(), cancellationToken);
                }
            }
            catch (OutputClosedException closed)
            {
                return Closed(closed);
            }
            catch (IOException closed)
            {
                return Closed(new OutputClosedException(closed));
            }
        }

        return ExitCodes.Ok;
    }

    /// <summary>Whoever read the output has seen enough; but a file on a full disk that lacks the rest of the log is no log.</summary>
    private static int Closed(OutputClosedException closed) => closed.IsReaderGone
        ? ExitCodes.Ok
        : throw new FarmException(ExitCodes.Failed, $"the log could not be written to its end: {closed.Message}", closed);
}
