using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;

namespace Caur.Silo.Cli;

/// <summary>Waits until a change that was ordered is in effect, or refused.</summary>
internal sealed class ChangeFollower(FarmClient farm, CliContext context)
{
    /// <summary>How long a hub may be away (a restart, an upgrade) before the waiting ends.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(300);

    /// <summary>Shows no live line: the output is for a program.</summary>
    public bool IsQuiet { get; init; }

    /// <summary>Returns how it ended.</summary>
    /// <param name="target">Which repository.</param>
    /// <param name="view">How it stands.</param>
    /// <param name="cancellationToken">Ends the waiting, not the change.</param>
    /// <exception cref="FarmException">The hub refuses to say, or is away for too long.</exception>
    public async Task<RepositoryChangeView> WaitAsync(TargetId target, RepositoryChangeView view, CancellationToken cancellationToken)
    {
        var (said, away) = ("", default(long?));
        var begun = context.Time.GetTimestamp();
        using var live = new LiveLine(context, IsQuiet);
        while (view.State == RepositoryChangeState.Pending)
        {
            if (view.Reason != said && view.Reason.Length > 0)
            {
                live.Clear();
                context.Error.WriteLine($"note: {target} waits: {view.Reason}. It is ordered and will be done; Ctrl-C ends the waiting only.");
                said = view.Reason;
            }

            live.Show($"{target}: ordered, waits for {Durations.Text(context.Time.GetElapsedTime(begun))}");
            await Task.Delay(Every, context.Time, cancellationToken);
            try
            {
                view = await farm.ChangeAsync(target, view.Operation, cancellationToken);
                away = null;
            }
            catch (FarmException error) when (error.IsTransient)
            {
                if (away is null)
                {
                    live.Clear();
                    context.Error.WriteLine($"note: The farm does not answer: {error.Message.Split('\n')[0]}. Waiting for it.");
                }

                away ??= context.Time.GetTimestamp();
                if (context.Time.GetElapsedTime(away.Value) > Patience)
                {
                    throw new FarmException(
                        error.ExitCode,
                        $"{error.Message}\n      The change of {target} is ordered, operation {view.Operation}: the farm carries it out when it can, and the same command with --operation {view.Operation} says how it stands.",
                        error);
                }
            }
        }

        return view;
    }
}
