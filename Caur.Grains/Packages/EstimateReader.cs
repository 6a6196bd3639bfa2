using Caur.Contracts.Ids;
using Caur.Contracts.Packages;
using Orleans;

namespace Caur.Grains.Packages;

/// <summary>Asks many packages how long they will take. Called in a grain's turn.</summary>
internal static class EstimateReader
{
    /// <summary>So many are asked at the same time: the disk is kept busy, and other calls still get between.</summary>
    private const int AtOnce = 64;

    /// <summary>All of them together may take so long; thousands take a fraction of a second.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Asks. What does not answer, or not in time, is left out: an estimate is never a reason to wait or to fail.</summary>
    public static async Task<EstimatesRead> ReadAsync(
        IGrainFactory grains, string repository, string arch, IEnumerable<string> pkgbases, TimeProvider clock)
    {
        using var limit = new CancellationTokenSource(Patience, clock);
        var left = new Queue<string>(pkgbases);
        var asked = left.Count;
        var found = new Dictionary<string, TimeSpan>(asked, StringComparer.Ordinal);
        Exception? problem = null;

        // The workers take turns: this is one grain's turn, and nothing runs beside it.
        await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, asked)).Select(_ => WorkAsync()));
        return new EstimatesRead(found, asked - found.Count, problem);

        async Task WorkAsync()
        {
            while (!limit.IsCancellationRequested && left.TryDequeue(out var pkgbase))
            {
                try
                {
                    var package = grains.GetGrain<IPackageGrain>(new SourcePackage(repository, pkgbase).ToString());
                    found[pkgbase] = await package.EstimateAsync(arch).WaitAsync(limit.Token);
                }
                catch (Exception exception)
                {
                    problem ??= exception;
                }
            }
        }
    }
}

/// <summary>What packages said.</summary>
/// <param name="Durations">The estimates by pkgbase.</param>
/// <param name="Missing">How many did not answer.</param>
/// <param name="Problem">Why the first of them did not.</param>
internal sealed record EstimatesRead(IReadOnlyDictionary<string, TimeSpan> Durations, int Missing, Exception? Problem);
