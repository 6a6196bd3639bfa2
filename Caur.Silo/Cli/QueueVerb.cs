using System.CommandLine;
using Caur.Contracts.Queue;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary><c>caur queue</c>: what is queued or with a builder, and why it is where it is.</summary>
internal static class QueueVerb
{
    public static Command Create(CliContext context)
    {
        var command = new Command("queue", "Shows what is queued, why it waits, and who builds what.");
        FarmVerb.AddAction(command, context, [], async (run, cancellationToken) =>
        {
            var queues = await run.Farm.QueueAsync(cancellationToken);
            run.Print(queues, () => Print(context, queues));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Print(CliContext context, IReadOnlyList<QueueSnapshot> queues)
    {
        var items = queues.SelectMany(queue => queue.Items).ToList();
        if (items.Count == 0)
        {
            context.Out.WriteLine("Nothing is queued.");
        }
        else
        {
            var table = context.NewTable("BUILD", "STATE", "WHY", "BUILDER");
            foreach (var item in items)
            {
                var progress = BuildProgress.Of(item);
                table.AddRow(
                    new Text(item.Build.ToString()), new Text(progress.Word), new Text(progress.Reason), new Text(progress.Builder ?? ""));
            }

            context.Write(table);
        }

        foreach (var queue in queues.Where(queue => queue.Paused))
        {
            context.Out.WriteLine($"The queue of {queue.Arch} is paused.");
        }

        var builders = queues.SelectMany(queue => queue.Builders).DistinctBy(builder => builder.Profile.Builder).ToList();
        if (builders.Count == 0)
        {
            context.Out.WriteLine("No builder is known.");
        }

        foreach (var builder in builders)
        {
            var state = builder.Lost ? ", not heard of lately"
                : builder.Profile.Problem is { Length: > 0 } problem ? $", cannot run builds: {problem}"
                : builder.Profile.Draining ? ", takes no more" : "";
            context.Out.WriteLine(
                $"builder {builder.Profile.Builder}: {builder.Busy} of {builder.Profile.Slots} busy, class {builder.Profile.Class}{state}");
        }
    }
}
