using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary>Which package somebody probably meant.</summary>
internal static class PackageNames
{
    /// <summary>How long somebody who mistyped a name waits for a better one.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>The end of a sentence that says that there is no such package: the nearest names the farm knows, or nothing.</summary>
    public static async Task<string> NearestAsync(FarmClient farm, string name, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var names = await farm.PackageNamesAsync(null, limit.Token);

            // A package of this very name was meant: it is the build that there is not.
            var nearest = names.Contains(name, StringComparer.Ordinal) ? [] : NearestNames.Of(name, names);
            return nearest.Count > 0 ? $"; did you mean {string.Join(" or ", nearest)}?" : "";
        }
        catch (Exception error) when (error is FarmException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return "";
        }
    }
}
