using System.CommandLine;
using System.Globalization;
using Caur.Contracts.Builds;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary><c>caur build</c>: builds one by one.</summary>
internal static class BuildVerb
{
    private static readonly Option<string?> State = StateOption.Create("Only builds in these states, comma-separated, as Failed,TimedOut.", Enum.GetValues<BuildState>());

    private static readonly Option<string?> Package = new("--package") { Description = "Only builds of this pkgbase.", HelpName = "PKGBASE" };

    private static readonly Option<string?> Target = new("--target-repo") { Description = "Only builds for this repository.", HelpName = "NAME" };

    private static readonly Option<string?> Builder = new("--builder") { Description = "Only builds that this builder has, or had last.", HelpName = "NAME" };

    private static readonly Option<TimeSpan?> Since = new("--since")
    {
        Description = "Only builds that were queued so long ago at most, as 12h or 7d.",
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (result.Tokens is [var token] && Durations.TryParse(token.Value, out var duration))
            {
                return duration;
            }

            result.AddError(Durations.Wanted("--since", result.Tokens is [var given] ? given.Value : "", "12h"));
            return null;
        },
    };

    private static readonly Option<int> Limit = new("--limit")
    {
        Description = "How many at most, the newest first. Default: 50.",
        HelpName = "N",
        DefaultValueFactory = _ => 50,
        CustomParser = result =>
        {
            if (result.Tokens is [var token]
                && int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= 100_000)
            {
                return limit;
            }

            result.AddError("--limit wants a number from 1 to 100000.");
            return 0;
        },
    };

    public static Command Create(CliContext context) => new("build", "Lists and shows builds, explains, cancels, repeats and promotes them.")
    {
        CreateList(context), CreateShow(context), CreateWhy(context), CreateCancel(context), CreateRetry(context),
        FarmVerb.Create(context, "promote", "Puts a waiting build, and what it waits for, before the others.", [BuildChoice.Queued], PromoteAsync),
    };

    /// <summary>Promotes the build that is named; <c>caur queue promote</c> is the same.</summary>
    public static async Task<int> PromoteAsync(FarmRun run, CancellationToken cancellationToken)
    {
        var id = await BuildChoice.FindAsync(run, BuildChoice.Queued, cancellationToken);
        var reply = await run.Farm.PromoteAsync(id, cancellationToken);
        run.Print(new { build = id, reply.Done, reply.Explanation, reply.Promoted }, () => run.Context.Out.WriteLine($"{id}: {reply.Explanation}"));
        return ExitCodes.Ok;
    }

    private static Command CreateList(CliContext context) => FarmVerb.Create(
        context,
        "list",
        "Lists builds, the newest first: what is queued, with builders, or ended and still has a log.",
        [State, Package, Target, Builder, Since, Limit],
        async (run, cancellationToken) =>
        {
            var since = run.Result.GetValue(Since) is { } length
                ? (context.Time.GetUtcNow() - length).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)
                : null;
            var builds = await run.Farm.BuildsAsync(
                FarmPaths.Query(
                    ("state", run.Result.GetValue(State)), ("package", run.Result.GetValue(Package)), ("target", run.Result.GetValue(Target)),
                    ("builder", run.Result.GetValue(Builder)), ("since", since)),
                run.Result.GetValue(Limit),
                cancellationToken);
            var nearest = builds.Count == 0 && run.Result.GetValue(Package) is { } name ? await PackageNames.NearestAsync(run.Farm, name, cancellationToken) : "";
            run.Print(builds, () =>
            {
                if (builds.Count == 0)
                {
                    context.Out.WriteLine($"There are no such builds{(nearest.Length > 0 ? nearest : ".")}");
                    return;
                }

                var table = context.NewTable("BUILD", "STATE", "QUEUED", "BUILDER", "WHY");
                foreach (var build in builds)
                {
                    table.AddRow(
                        new Text(build.Build.ToString()), context.StateCell(build.State.ToString()), new Text(BuildText.Time(build.Queued)),
                        new Text(build.Builder?.ToString() ?? ""), new Text(build.Reason));
                }

                context.Write(table);
            });
            return ExitCodes.Ok;
        });

    private static Command CreateShow(CliContext context) => FarmVerb.Create(
        context, "show", "Shows a build, its attempts and what came out.", [BuildChoice.Any], async (run, cancellationToken) =>
        {
            var reply = await ReadAsync(run, cancellationToken);
            run.Print(reply, () => BuildText.Write(context, reply));
            return ExitCodes.Ok;
        });

    private static Command CreateWhy(CliContext context) => FarmVerb.Create(
        context, "why", "Says in a few lines why a build is where it is.", [BuildChoice.Any], async (run, cancellationToken) =>
        {
            var reply = await ReadAsync(run, cancellationToken);
            run.Print(reply, () => BuildText.WriteWhy(context, reply, null));
            return ExitCodes.Ok;
        });

    private static Command CreateCancel(CliContext context) => FarmVerb.Create(
        context, "cancel", "Cancels a build that waits or runs.", [BuildChoice.Queued], async (run, cancellationToken) =>
        {
            var id = await BuildChoice.FindAsync(run, BuildChoice.Queued, cancellationToken);
            var reply = await run.Farm.CancelAsync(id, cancellationToken);
            run.Print(new { build = id, reply.Done, reply.Explanation }, () => context.Out.WriteLine($"{id}: {reply.Explanation}"));
            return ExitCodes.Ok;
        });

    private static Command CreateRetry(CliContext context) => FarmVerb.Create(
        context,
        "retry",
        "Builds the same commit of the same pkgbase for the same repository again. What of it waits or runs is replaced.",
        [BuildChoice.Any, ChangeRun.Operation],
        async (run, cancellationToken) =>
        {
            var id = await BuildChoice.FindAsync(run, BuildChoice.Any, cancellationToken);
            var reply = await run.Farm.RetryAsync(id, run.Result.GetValue(ChangeRun.Operation) ?? Guid.NewGuid(), cancellationToken);
            run.Print(reply, () => context.Out.WriteLine(
                $"Queued {reply.Build} at {(reply.Commit.Length > 10 ? reply.Commit[..10] : reply.Commit)}{(reply.Replaced is { } replaced ? $", instead of {replaced}" : "")}"));
            return ExitCodes.Ok;
        });

    private static async Task<Api.Builds.BuildReply> ReadAsync(FarmRun run, CancellationToken cancellationToken)
    {
        var id = await BuildChoice.FindAsync(run, BuildChoice.Any, cancellationToken);
        return await run.Farm.BuildAsync(id, cancellationToken)
            ?? throw new FarmException(ExitCodes.Failed, $"there is no build {id}{await PackageNames.NearestAsync(run.Farm, id.Pkgbase, cancellationToken)}");
    }
}
