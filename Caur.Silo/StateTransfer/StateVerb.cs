using System.CommandLine;
using Caur.Silo.Cli;
using Caur.Silo.Configuration;
using Caur.Silo.Engines;
using Caur.Silo.Hub;

namespace Caur.Silo.StateTransfer;

/// <summary><c>caur state</c>: what the grains know, out of a store and into one.</summary>
internal static class StateVerb
{
    private const string Description =
        """
        Moves what a farm knows (queue, builds, histories, settings, reminders) between engines and machines.

        The farm must not run. Logs, packages, keys and tokens are files of the data folder: they are copied as they are, without this.
        """;

    private const string ExportDescription =
        """
        Writes all state of a farm that does not run to a file, in the same format with either engine.

        Only reads. The file appears when all of it is there, for its owner alone, in place of an older export.
        """;

    private const string ImportDescription =
        """
        Fills the empty state of a farm that does not run with what an export wrote, of either engine.

        Looks all of the file through before it writes anything. One that was interrupted is repeated: nothing of it counts before its end.
        """;

    private static readonly Argument<string> Target = new("file") { Description = "Where to; '-' is the standard output.", HelpName = "FILE" };

    private static readonly Argument<string> Source = new("file") { Description = "An export; '-' is the standard input.", HelpName = "FILE" };

    public static Command Create(CliContext context) => new("state", Description)
    {
        CreateVerb(context, "export", ExportDescription, Target, ExportAsync),
        CreateVerb(context, "import", ImportDescription, Source, ImportAsync),
    };

    private static Command CreateVerb(
        CliContext context, string name, string description, Argument<string> file, Func<Run, CancellationToken, Task<StateTransferResult>> run)
    {
        var command = new Command(name, description) { file, CommonOptions.Data, CommonOptions.Json };
        command.SetAction(async (result, cancellationToken) =>
        {
            var path = result.GetRequiredValue(file);
            var done = await GuardAsync(() => run(new Run(context, path, result.GetValue(CommonOptions.Data), Say), cancellationToken));
            Report(context, result.GetValue(CommonOptions.Json), name, path, done);
            return ExitCodes.Ok;

            void Say(string line) => context.Error.WriteLine($"caur state {name}: {line}");
        });
        return command;
    }

    private static async Task<StateTransferResult> ExportAsync(Run run, CancellationToken cancellationToken)
    {
        await using var store = await OpenAsync(run, StateUse.Export, cancellationToken);
        await using var target = await StateFileTarget.OpenAsync(run.Path, run.Context.OpenOutput, cancellationToken);
        var done = await new StateTransferRun(store, run.Say, run.Context.Time).ExportAsync(target.Stream, cancellationToken);
        await target.CommitAsync(cancellationToken);
        return done;
    }

    private static async Task<StateTransferResult> ImportAsync(Run run, CancellationToken cancellationToken)
    {
        await using var source = await StateFileSource.OpenAsync(run.Path, run.Context.OpenInputBytes, cancellationToken);
        await using var store = await OpenAsync(run, StateUse.Import, cancellationToken);
        return await new StateTransferRun(store, run.Say, run.Context.Time).ImportAsync(source, cancellationToken);
    }

    /// <summary>The store that a hub with the same folder and the same settings would have.</summary>
    private static Task<IStateStore> OpenAsync(Run run, StateUse use, CancellationToken cancellationToken)
    {
        var variable = ConfigurationCheck.Run(null, run.Context.Variable, run.Data).Variable;
        var folder = Path.GetFullPath(run.Data ?? DataFolderDefault.Get(variable));
        return FarmState.OpenAsync(new StatePlace(folder, variable, use, run.Say, run.Context.Time), cancellationToken);
    }

    private static async Task<StateTransferResult> GuardAsync(Func<Task<StateTransferResult>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception error) when (error is StateTransferException or HubSettingsException)
        {
            throw new FarmException(ExitCodes.Failed, error.Message, error);
        }
    }

    private static void Report(CliContext context, bool json, string verb, string path, StateTransferResult done)
    {
        var toOutput = verb == "export" && path == "-";
        if (json && !toOutput)
        {
            JsonText.Write(context.Out, new
            {
                file = path,
                done.Count.Records,
                done.Count.Reminders,
                sha256 = done.Hash,
                done.Header.Engine,
                done.Header.At,
                done.Header.Farm,
            });
            return;
        }

        // The output is the export's own where it goes there.
        var writer = toOutput ? context.Error : context.Out;
        writer.WriteLine(verb == "export"
            ? $"Exported {done.Count} of {done.Header.Farm}{(toOutput ? "" : $" to {path}")}."
            : $"Imported {done.Count} that were exported from {done.Header.Farm} at {done.Header.At:yyyy-MM-dd HH:mm:ss} UTC.");
    }

    /// <summary>One run of a verb.</summary>
    private sealed record Run(CliContext Context, string Path, string? Data, Action<string> Say);
}
