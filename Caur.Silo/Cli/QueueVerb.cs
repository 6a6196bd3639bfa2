using System.CommandLine;
using System.Globalization;
using Caur.Api.Builders;
using Caur.Api.Queue;
using Caur.Contracts.Builds;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary><c>caur queue</c>: what is queued or with a builder, why it is where it is, and the queue's own switches.</summary>
internal static class QueueVerb
{
    private static readonly Option<string?> State = StateOption.Create(
        "Only builds in these states, comma-separated: Waiting, Assigned, Running, Uploading, Publishing.",
        Enum.GetValues<BuildState>().Where(state => !state.IsFinal()));

    private static readonly Option<string?> Package = new("--package") { Description = "Only builds of this pkgbase.", HelpName = "PKGBASE" };

    private static readonly Option<string?> Target = new("--target-repo") { Description = "Only builds for this repository.", HelpName = "NAME" };

    private static readonly Option<string?> Arch = new("--arch") { Description = "Only this architecture's queue. Default: all.", HelpName = "ARCH" };

    private static readonly Option<string?> Reason = new("--reason") { Description = "Why, for the builds that are cancelled.", HelpName = "TEXT" };

    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask." };

    public static Command Create(CliContext context)
    {
        var command = new Command("queue", "Shows what is queued, why it waits, and who builds what.")
        {
            CreateWhy(context), CreatePromote(context), CreatePause(context, "pause", paused: true), CreatePause(context, "resume", paused: false), CreateReset(context),
        };
        FarmVerb.AddAction(command, context, [State, Package, Target, Arch], async (run, cancellationToken) =>
        {
            var (items, queues) = await run.Farm.QueueItemsAsync(
                FarmPaths.Query(
                    ("state", run.Result.GetValue(State)), ("package", run.Result.GetValue(Package)), ("target", run.Result.GetValue(Target)),
                    ("arch", run.Result.GetValue(Arch))),
                cancellationToken);
            var builders = await run.Farm.BuildersAsync(cancellationToken);
            run.Print(new { queues, items, builders }, () => Print(context, items, queues, builders));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateWhy(CliContext context) => FarmVerb.Create(
        context, "why", "Says why a build waits, what its place is, and when it will probably start.", [BuildChoice.Queued], async (run, cancellationToken) =>
        {
            var id = await BuildChoice.FindAsync(run, BuildChoice.Queued, cancellationToken);
            var reply = await run.Farm.BuildAsync(id, cancellationToken) ?? throw new FarmException(ExitCodes.Failed, $"there is no build {id}");
            var (items, _) = await run.Farm.QueueItemsAsync(FarmPaths.Query(("package", id.Pkgbase), ("arch", id.Arch)), cancellationToken);
            var item = items.FirstOrDefault(one => one.Build == id);
            run.Print(reply, () => BuildText.WriteWhy(context, reply, item?.Position));
            return ExitCodes.Ok;
        });

    private static Command CreatePromote(CliContext context) => FarmVerb.Create(
        context, "promote", "Puts a waiting build, and what it waits for, before everything that came in the last 24 hours.", [BuildChoice.Queued], BuildVerb.PromoteAsync);

    private static Command CreatePause(CliContext context, string name, bool paused) => FarmVerb.Create(
        context,
        name,
        paused ? "Hands out no more builds, also after a restart. What runs goes on." : "Hands out builds again.",
        [Arch],
        async (run, cancellationToken) =>
        {
            var reply = await run.Farm.PauseAsync(paused, run.Result.GetValue(Arch), cancellationToken);
            run.Print(reply, () => PrintCounts(context, reply.Queues));
            return ExitCodes.Ok;
        });

    private static Command CreateReset(CliContext context) => FarmVerb.Create(
        context,
        "reset",
        "Cancels everything that waits. What builders or the repository have goes on. Asks first; without a terminal it wants --yes.",
        [Arch, Reason, Yes],
        async (run, cancellationToken) =>
        {
            var arch = run.Result.GetValue(Arch);
            if (!run.Result.GetValue(Yes))
            {
                var (_, queues) = await run.Farm.QueueItemsAsync(FarmPaths.Query(("arch", arch), ("state", nameof(BuildState.Waiting))), cancellationToken, all: false);
                var waiting = queues.Sum(queue => queue.Waiting);
                if (!await Questions.AskAsync(context, $"Cancel {Counted.Of(waiting, "waiting build")} of {run.Farm.Server}?", cancellationToken))
                {
                    context.Error.WriteLine("caur: nothing was done.");
                    return ExitCodes.Failed;
                }
            }

            var reply = await run.Farm.ResetAsync(arch, run.Result.GetValue(Reason), cancellationToken);
            run.Print(reply, () => context.Out.WriteLine($"{(reply.Cancelled == 1 ? "1 build is" : $"{reply.Cancelled} builds are")} cancelled; {reply.Left} that builders or the repository have go on."));
            return ExitCodes.Ok;
        });

    private static void Print(CliContext context, IReadOnlyList<QueuedBuildBody> items, IReadOnlyList<QueueCounts> queues, IReadOnlyList<BuilderBody> builders)
    {
        if (items.Count == 0)
        {
            context.Out.WriteLine("Nothing is queued.");
        }
        else
        {
            var table = context.NewTable("BUILD", "STATE", "WHY", "STARTS", "BUILDER");
            foreach (var item in items.OrderBy(item => item.Position ?? 0))
            {
                var progress = BuildProgress.Of(item);
                table.AddRow(
                    new Text(item.Build.ToString()), context.StateCell(progress.Word), new Text(progress.Reason), new Text(BuildText.Starts(item.Start)),
                    new Text(progress.Builder ?? ""));
            }

            context.Write(table);
        }

        foreach (var queue in queues.Where(queue => queue.Paused))
        {
            context.Out.WriteLine($"The queue of {queue.Arch} is paused.");
        }

        BuilderText.WriteLines(context, builders);
    }

    private static void PrintCounts(CliContext context, IReadOnlyList<QueueCounts> queues)
    {
        foreach (var queue in queues)
        {
            context.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{queue.Arch}: {(queue.Paused ? "paused" : "hands out builds")}; {queue.Waiting} wait, {queue.Active} with builders"));
        }
    }
}
