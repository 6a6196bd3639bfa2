using System.CommandLine;
using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary><c>caur build show</c>, <c>cancel</c> and <c>promote</c>.</summary>
internal static class BuildVerb
{
    private static readonly Argument<string> Id = new("id")
    {
        Description = "target/arch/pkgbase/timestamp, or just the pkgbase when only one build can be meant.",
    };

    public static Command Create(CliContext context) =>
        new("build", "Shows, cancels or promotes one build.") { CreateShow(context), CreateCancel(context), CreatePromote(context) };

    private static Command CreateShow(CliContext context) => FarmVerb.Create(
        context, "show", "Shows a build, its attempts and what came out.", [Id], async (run, cancellationToken) =>
        {
            var id = await FindAsync(run.Farm, run.Result.GetRequiredValue(Id), onlyQueued: false, cancellationToken);
            var reply = await run.Farm.BuildAsync(id, cancellationToken)
                ?? throw new FarmException(ExitCodes.Failed, $"there is no build {id}");
            run.Print(reply, () => BuildText.Write(context, reply));
            return ExitCodes.Ok;
        });

    private static Command CreateCancel(CliContext context) => FarmVerb.Create(
        context, "cancel", "Cancels a build that waits or runs.", [Id], async (run, cancellationToken) =>
        {
            var id = await FindAsync(run.Farm, run.Result.GetRequiredValue(Id), onlyQueued: true, cancellationToken);
            var reply = await run.Farm.CancelAsync(id, cancellationToken);
            run.Print(new { build = id, reply.Done, reply.Explanation }, () => context.Out.WriteLine($"{id}: {reply.Explanation}"));
            return ExitCodes.Ok;
        });

    private static Command CreatePromote(CliContext context) => FarmVerb.Create(
        context, "promote", "Puts a waiting build, and what it waits for, before the others.", [Id], async (run, cancellationToken) =>
        {
            var id = await FindAsync(run.Farm, run.Result.GetRequiredValue(Id), onlyQueued: true, cancellationToken);
            var reply = await run.Farm.PromoteAsync(id, cancellationToken);
            run.Print(new { build = id, reply.Done, reply.Explanation, reply.Promoted }, () => context.Out.WriteLine($"{id}: {reply.Explanation}"));
            return ExitCodes.Ok;
        });

    private static async Task<BuildId> FindAsync(FarmClient farm, string text, bool onlyQueued, CancellationToken cancellationToken)
    {
        if (BuildId.TryParse(text, null, out var id))
        {
            return id;
        }

        if (!Names.IsValid(text))
        {
            throw new FarmException(ExitCodes.Usage, $"'{text}' is no build: target/arch/pkgbase/timestamp is wanted, or a pkgbase");
        }

        // The newest of each target repository and architecture; of those, one must be the only one.
        var newest = (await farm.BuildsOfAsync(text, cancellationToken))
            .Where(build => build.Queued || !onlyQueued)
            .DistinctBy(build => build.Build.Package)
            .Select(build => build.Build)
            .ToList();
        return newest switch
        {
            [var one] => one,
            [] => throw new FarmException(
                ExitCodes.Failed, onlyQueued ? $"no build of '{text}' is queued or runs" : $"there is no build of '{text}'"),
            _ => throw new FarmException(
                ExitCodes.Usage, $"more than one build of '{text}' can be meant; name one:\n{string.Join('\n', newest.Select(build => $"      {build}"))}"),
        };
    }
}
