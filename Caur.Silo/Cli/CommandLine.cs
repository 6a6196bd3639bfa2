using System.CommandLine;
using System.CommandLine.Invocation;
using Caur.Silo.Ci;
using Caur.Silo.Cli.Completion;
using Caur.Silo.Demo;
using Caur.Silo.Hub;
using Caur.Silo.StateTransfer;

namespace Caur.Silo.Cli;

/// <summary>All verbs, and what becomes of their failures.</summary>
internal static class CommandLine
{
    private static readonly string Description = "Caur, a package build farm for pacman repositories.\n\n" + ExitCodes.Help;

    public static RootCommand Create(CliContext context) => new(Description)
    {
        DatabaseVerb.Create(),
        DemoVerb.Create(context),
        ScheduleVerb.Create(context),
        AutoRepoRemoveVerb.Create(context),
        CiVerb.Create(context),
        RepoVerb.Create(context),
        QueueVerb.Create(context),
        DeptreeVerb.Create(context),
        LogsVerb.Create(context),
        BuildVerb.Create(context),
        PackageVerb.Create(context),
        RunVerb.Create(context),
        SourceVerb.Create(context),
        BuilderVerb.Create(context),
        TokenVerb.Create(context),
        ConfigVerb.Create(context),
        StateVerb.Create(context),
        WebVerb.Create(context),
        CompletionVerb.Create(context),
        VersionVerb.Create(context),
    };

    /// <summary>Runs one verb.</summary>
    /// <returns>One of <see cref="ExitCodes"/>, or what the hub's verb says.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CliContext context, CancellationToken cancellationToken)
    {
        if (arguments is [CompleteVerb.Name, "--", ..])
        {
            return await CompleteVerb.RunAsync(context, Create(context), [.. arguments.Skip(2)]);
        }

        // A package may be called @something, which is no file of further arguments.
        var root = Create(context);
        var parsed = root.Parse(LeadingOptions.BehindVerb(root, arguments), new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction)
        {
            UsageErrors.Write(context, parsed);
            return ExitCodes.Usage;
        }

        HelpTexts.Complete(parsed.CommandResult.Command);
        using var trace = CliTrace.Start(parsed, context);
        var ended = ExitCodes.Failed;
        try
        {
            return ended = await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = context.Out,
                    Error = context.Error,
                    EnableDefaultExceptionHandler = false,

                    // Signals are Interrupts' business, which leaves a verb the time to end in order.
                    ProcessTerminationTimeout = null,
                },
                cancellationToken);
        }
        catch (FarmException error)
        {
            context.Error.WriteLine($"caur: {error.Message}");
            return ended = error.ExitCode;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (context.Orders.OnInterrupt is { } ordered)
            {
                context.Error.WriteLine($"caur: {ordered}");
            }

            return ExitCodes.Interrupted;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            context.Error.WriteLine($"caur: {error.Message}");
            return ExitCodes.Failed;
        }
        catch (Exception error)
        {
            context.Error.WriteLine($"caur: this should not have happened: {error.GetType().Name}: {error.Message}");
            context.Error.WriteLine(context.Variable("CAUR_DEBUG") is null ? "With CAUR_DEBUG=1 it says where." : error.ToString());
            return ExitCodes.Failed;
        }
        finally
        {
            trace?.End(ended);
        }
    }
}
