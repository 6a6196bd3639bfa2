using System.CommandLine;
using Caur.Api.Repositories;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;

namespace Caur.Silo.Cli;

/// <summary>The common part of the verbs that change a repository: order, wait, tell.</summary>
internal static class ChangeRun
{
    public static Option<bool> DryRun { get; } = new("--dry-run") { Description = "Only say what would be done." };

    public static Option<bool> NoWait { get; } = new("--no-wait")
    {
        Description = "End when it is ordered. Default: wait until it is in effect.",
    };

    public static Option<string?> Reason { get; } = new("--reason") { Description = "Why, for the hub's log.", HelpName = "TEXT" };

    public static Option<Guid?> Operation { get; } = new("--operation")
    {
        Description = "Names the order. One that was carried out already under this name is not carried out again; it says how that one ended.",
        HelpName = "GUID",
    };

    public static IReadOnlyList<Option> Options { get; } = [DryRun, NoWait, Reason, Operation];

    /// <summary>Orders the change and tells what became of it.</summary>
    /// <returns>0 when it is done, ordered with --no-wait, or could be done; 1 when it is refused.</returns>
    public static async Task<int> RunAsync(FarmRun run, TargetId target, string verb, ChangeBody body, CancellationToken cancellationToken)
    {
        var (result, context) = (run.Result, run.Context);
        body = body with { DryRun = result.GetValue(DryRun), Reason = result.GetValue(Reason), Operation = result.GetValue(Operation) ?? Guid.NewGuid() };
        var view = await OrderAsync(run, target, verb, body, cancellationToken);
        if (!result.GetValue(NoWait))
        {
            view = await new ChangeFollower(run.Farm, context) { IsQuiet = run.IsJson }.WaitAsync(target, view, cancellationToken);
        }

        if (run.IsJson)
        {
            JsonText.Write(context.Out, view);
        }
        else if (view.State != RepositoryChangeState.Refused || body.DryRun)
        {
            ChangeText.Write(context, target, view);
        }

        if (view.Refusal == RepositoryChangeRefusal.None)
        {
            return ExitCodes.Ok;
        }

        context.Error.WriteLine($"caur: refused: {view.Reason}");
        return ExitCodes.Failed;
    }

    /// <summary>A program gets the numbers of a refusal too.</summary>
    private static async Task<RepositoryChangeView> OrderAsync(
        FarmRun run, TargetId target, string verb, ChangeBody body, CancellationToken cancellationToken)
    {
        try
        {
            return await run.Farm.ChangeAsync(target, verb, body, cancellationToken);
        }
        catch (FarmException refused) when (refused.Problem is { } problem && run.IsJson)
        {
            JsonText.Write(run.Context.Out, problem);
            throw;
        }
    }
}
