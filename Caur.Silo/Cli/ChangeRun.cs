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

    public static void AddOptions(Command command)
    {
        command.Add(DryRun);
        command.Add(NoWait);
        command.Add(Reason);
        CommonOptions.AddFarm(command);
        command.Add(CommonOptions.Json);
    }

    /// <summary>Orders the change and tells what became of it.</summary>
    /// <returns>0 when it is done, ordered with --no-wait, or could be done; 1 when it is refused.</returns>
    public static async Task<int> RunAsync(
        ParseResult result, CliContext context, FarmClient farm, TargetId target, string verb, ChangeBody body, CancellationToken cancellationToken)
    {
        body = body with { DryRun = result.GetValue(DryRun), Reason = result.GetValue(Reason), Operation = Guid.NewGuid() };
        var view = await OrderAsync(result, context, farm, target, verb, body, cancellationToken);
        if (!result.GetValue(NoWait))
        {
            view = await new ChangeFollower(farm, context).WaitAsync(target, view, cancellationToken);
        }

        if (result.GetValue(CommonOptions.Json))
        {
            JsonText.Write(context.Out, view);
        }
        else if (view.State != RepositoryChangeState.Refused || result.GetValue(DryRun))
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
        ParseResult result, CliContext context, FarmClient farm, TargetId target, string verb, ChangeBody body, CancellationToken cancellationToken)
    {
        try
        {
            return await farm.ChangeAsync(target, verb, body, cancellationToken);
        }
        catch (FarmException refused) when (refused.Problem is { } problem && result.GetValue(CommonOptions.Json))
        {
            JsonText.Write(context.Out, problem);
            throw;
        }
    }
}
