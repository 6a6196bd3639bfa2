using System.Globalization;
using Caur.Contracts.Sources;
using Caur.Pipelines.Git;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary>Source repositories and their runs for people.</summary>
internal static class RunText
{
    public static void Write(CliContext context, IReadOnlyList<SourceView> sources)
    {
        var table = context.NewTable("SOURCE", "FOLLOWED", "CHECKED", "COMMIT", "NOW", "LAST RUN", "PROBLEM");
        foreach (var source in sources)
        {
            table.AddRow(
                new Text(source.Id),
                new Text(source switch { { Following: true, Webhook: true } => "looks, webhook", { Following: true } => "looks", { Webhook: true } => "webhook", _ => "no" }),
                new Text(source.CheckedAt is { } at ? BuildText.Time(at) : ""),
                new Text(Short(source.Commit)),
                new Text(source.Running is { } running ? $"run {Number(running.Number)}" : source.Waiting.Length > 0 ? $"{Number(source.Waiting.Length)} wait" : ""),
                new Text(source.Last is { } last ? $"{Number(last.Number)} {last.State}" : ""),
                new Text(Said(source.Problem)));
        }

        context.Write(table);
    }

    public static void Write(CliContext context, IReadOnlyList<RunSummary> runs)
    {
        if (runs.Count == 0)
        {
            context.Out.WriteLine("No run is remembered.");
            return;
        }

        var table = context.NewTable("RUN", "PIPELINE", "STATE", "CAUSE", "STARTED", "SECONDS", "COMMIT", "SUMMARY");
        foreach (var run in runs)
        {
            table.AddRow(
                new Text(Number(run.Number)),
                new Text(run.DryRun ? $"{run.Pipeline} (dry)" : run.Pipeline),
                new Text(run.State.ToString()),
                new Text(run.Cause.ToString()),
                new Text(run.Started is { } started ? BuildText.Time(started) : run.NotBefore is { } due ? $"not before {BuildText.Time(due)}" : ""),
                new Text(run.Ended - run.Started is { } took ? took.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) : ""),
                new Text(Short(run.Commit)),
                new Text(Said(run.Summary)));
        }

        context.Write(table);
    }

    public static void Write(CliContext context, RunView view)
    {
        var run = view.Run;
        context.Out.WriteLine($"run {Number(run.Number)}, {run.Pipeline}{(run.DryRun ? " (dry)" : "")}, by {run.Cause.ToString().ToLowerInvariant()} at {BuildText.Time(run.Asked)}{(run.Attempts > 1 ? $", begun {Number(run.Attempts)} times" : "")}");
        foreach (var step in view.Steps)
        {
            WriteStep(context.Out, step);
        }

        WriteEnd(context, view);
    }

    public static void WriteStep(TextWriter to, RunStepView step)
    {
        var mark = step.State switch { RunStepState.Failed => "failed: ", RunStepState.Running => "runs", _ => "" };
        to.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{step.Name,-9} {(step.Ended - step.Started)?.TotalMilliseconds ?? 0,6:0} ms  {mark}{Said(step.Detail)}"));
    }

    /// <summary>What was decided, and how it ended.</summary>
    public static void WriteEnd(CliContext context, RunView view)
    {
        foreach (var decision in view.Decisions)
        {
            var (word, then) = (Word(decision.Kind, decision.Problem), decision.Problem is { } problem ? $". It was not done: {problem}" : decision.Builds.IsEmpty ? "" : $" -> {string.Join(", ", decision.Builds)}");
            context.Out.WriteLine(Said($"  {word,-8} {decision.Pkgbase}: {string.Join("; ", decision.Reasons)}{then}"));
        }

        if (view.MoreDecisions > 0)
        {
            context.Out.WriteLine($"  and {Number(view.MoreDecisions)} more, which 'caur package why' tells one by one");
        }

        foreach (var note in view.Notes)
        {
            context.Out.WriteLine(Said($"note: {note}"));
        }

        var run = view.Run;
        context.Out.WriteLine(Said($"{run.State}{(run.Commit is { } commit ? $" at {Short(commit)}" : "")}{(run.Summary.Length > 0 ? $": {run.Summary}" : "")}"));
    }

    public static void WriteOrdered(CliContext context, string source, RunSummary run) =>
        context.Out.WriteLine($"Run {Number(run.Number)} of {source} is ordered. 'caur run show {Number(run.Number)} --source-repo {source}' shows it.");

    public static void Write(CliContext context, PackageWhy why)
    {
        foreach (var sentence in why.Summary)
        {
            context.Out.WriteLine(Said($"{why.Pkgbase}: {sentence}"));
        }

        foreach (var (what, value) in Facts(why))
        {
            context.Out.WriteLine(Said($"  {what,-20} {value}"));
        }

        foreach (var decision in why.Decisions)
        {
            context.Out.WriteLine(Said(
                $"  {BuildText.Time(decision.Time)}  run {Number(decision.Run)}  {Word(decision.Kind, decision.Problem)}: {string.Join("; ", decision.Reasons)}"));
        }
    }

    private static IEnumerable<(string What, string Value)> Facts(PackageWhy why)
    {
        (string, string?)[] all =
        [
            ("version", why.Tracked?.Version),
            ("PKGBUILD from", why.Tracked?.Upstream),
            ("upstream commit", why.Tracked?.UpstreamCommit),
            ("looked at for", why.Tracked?.Triggers),
            ("built again after", why.Tracked?.RebuildTriggers),
            ("bump", why.Tracked?.Bump),
            ("builder class", why.Tracked?.BuilderClass),
            ("read at", why.Commit is { } commit ? Short(commit) : null),
            ("last checked", why.CheckedAt is { } at ? $"{BuildText.Time(at)}, by run {Number(why.CheckedBy ?? 0)}" : null),
        ];
        return all.Where(one => one.Item2 is { Length: > 0 }).Select(one => (one.Item1, one.Item2!));
    }

    private static string Word(RunDecisionKind kind, string? problem) => (kind, problem) switch
    {
        (_, not null) => "not done",
        (RunDecisionKind.Build, _) => "build",
        (RunDecisionKind.Remove, _) => "remove",
        _ => "nothing",
    };

    private static string Short(string? commit) => commit is null ? "" : commit[..Math.Min(10, commit.Length)];

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A folder may be called anything, and this is somebody's terminal.</summary>
    private static string Said(string? text) => GitText.OneLine(text ?? "");
}
