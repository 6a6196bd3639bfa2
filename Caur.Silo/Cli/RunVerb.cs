using System.CommandLine;
using Caur.Api.Sources;
using Caur.Contracts.Sources;

namespace Caur.Silo.Cli;

/// <summary><c>caur run</c>: the runs of the pipelines that the farm runs itself.</summary>
internal static class RunVerb
{
    private static readonly Argument<long?> Number = new("number")
    {
        Description = "The run's number, as 'caur run list' shows it. Default: the newest.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Argument<string> Pipeline = new("pipeline")
    {
        Description = "Which pipeline: on-commit, on-schedule, schedule, add, drop or bump. Default: on-commit.",
        DefaultValueFactory = _ => "on-commit",
    };

    private static readonly Argument<string[]> Packages = new("packages")
    {
        Description = "The packages, for schedule (NAME, NAME/CLASS, or all), add (NAME, NAME/URL), drop and bump.",
        Arity = ArgumentArity.ZeroOrMore,
        HelpName = "NAME",
    };

    private static readonly Option<string?> Trigger = new("--trigger")
    {
        Description = "For on-schedule: schedule the packages of this CI_ON_TRIGGER, and do nothing else.",
        HelpName = "NAME",
    };

    private static readonly Option<bool> Follow = new("--follow", "-f") { Description = "Wait until it has ended, and tell its steps." };

    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(300);

    public static Command Create(CliContext context) => new("run", "Shows and orders runs of the pipelines that the farm runs itself.")
    {
        FarmVerb.Create(context, "list", "Lists the runs of a source repository, the newest first.", [SourceChoice.Source], async (run, cancellationToken) =>
        {
            var runs = await run.Farm.RunsAsync(await SourceChoice.ReadAsync(run, cancellationToken), cancellationToken);
            run.Print(runs, () => RunText.Write(context, runs));
            return ExitCodes.Ok;
        }),
        FarmVerb.Create(context, "show", "Shows a run: its steps, what it decided of each package and why, and how it ended.", [Number, SourceChoice.Source], ShowAsync),
        FarmVerb.Create(
            context,
            "start",
            "Orders a run. One run of a repository is under way at a time, and others wait. With --follow it ends with 1 when the run failed, or some packages could not be built.",
            [Pipeline, Packages, Trigger, ChangeRun.DryRun, Follow, SourceChoice.Source],
            StartAsync),
    };

    private static async Task<int> ShowAsync(FarmRun run, CancellationToken cancellationToken)
    {
        var source = await SourceChoice.ReadAsync(run, cancellationToken);
        var number = run.Result.GetValue(Number)
            ?? (await run.Farm.RunsAsync(source, cancellationToken)).FirstOrDefault()?.Number
            ?? throw new FarmException(ExitCodes.Failed, $"no run of {source} is remembered");
        var view = await run.Farm.RunAsync(source, number, cancellationToken);
        run.Print(view, () => RunText.Write(run.Context, view));
        return ExitCodes.Ok;
    }

    private static async Task<int> StartAsync(FarmRun run, CancellationToken cancellationToken)
    {
        var source = await SourceChoice.ReadAsync(run, cancellationToken);
        var started = await run.Farm.StartRunAsync(
            source,
            new StartRunBody
            {
                Pipeline = run.Result.GetRequiredValue(Pipeline),
                Trigger = run.Result.GetValue(Trigger),
                Packages = run.Result.GetValue(Packages) ?? [],
                DryRun = run.Result.GetValue(ChangeRun.DryRun),
            },
            cancellationToken);
        if (!run.Result.GetValue(Follow))
        {
            run.Print(started, () => RunText.WriteOrdered(run.Context, source, started.Run));
            return ExitCodes.Ok;
        }

        var told = 0;
        RunView view;
        while ((view = await run.Farm.RunAsync(source, started.Run.Number, cancellationToken)).Run.State is RunState.Waiting or RunState.Running)
        {
            Tell();
            await Task.Delay(AskEvery, run.Context.Time, cancellationToken);
        }

        Tell();
        run.Print(view, () => RunText.WriteEnd(run.Context, view));
        return view.Run.State is RunState.Failed or RunState.Incomplete ? ExitCodes.Failed : ExitCodes.Ok;

        void Tell()
        {
            for (; !run.IsJson && told < view.Steps.Length && view.Steps[told].State != RunStepState.Running; told++)
            {
                RunText.WriteStep(run.Context.Error, view.Steps[told]);
            }
        }
    }
}
