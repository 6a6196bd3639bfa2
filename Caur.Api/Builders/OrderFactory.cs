using Caur.Contracts.Farm;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Protocol.Builders;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Api.Builders;

/// <summary>Makes a builder's order of what the queue offers: the queue knows what is to be built, the configuration from where and in
/// what, the target repository what is there already.</summary>
public sealed class OrderFactory(IGrainFactory grains, IOptions<FarmOptions> farm, GatewayAddress gateway, ITrustedKeys keys)
{
    /// <summary>The orders for what was offered together, each with its offer; or why there is none.</summary>
    public async Task<IReadOnlyList<MadeOrder>> CreateAsync(IReadOnlyCollection<QueueOffer> offers, CancellationToken cancellationToken)
    {
        var made = new List<MadeOrder>(offers.Count);
        foreach (var group in offers.GroupBy(offer => offer.Request.Package.Target))
        {
            IReadOnlyList<QueueOffer> together = [.. group];
            try
            {
                var published = await ReadAsync(together);
                for (var i = 0; i < together.Count; i++)
                {
                    made.Add(await TryCreateAsync(together[i], published.Generation, published.Files[i], cancellationToken));
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                made.AddRange(together.Select(offer => new MadeOrder(offer, null, exception)));
            }
        }

        return made;
    }

    private Task<PublishedFiles> ReadAsync(IReadOnlyList<QueueOffer> together)
    {
        var target = together[0].Request.Package.Target;
        return farm.Value.TargetRepositories.ContainsKey(target.Name)
            ? grains.GetGrain<ITargetRepositoryGrain>(target.ToString())
                .GetPublishedFilesAsync([.. together.Select(offer => offer.Request.Package.Pkgbase)])
            : throw new InvalidOperationException($"target repository {target.Name} is not in the configuration any more");
    }

    private async Task<MadeOrder> TryCreateAsync(
        QueueOffer offer, long generation, IReadOnlyList<string> published, CancellationToken cancellationToken)
    {
        try
        {
            return new MadeOrder(offer, await CreateAsync(offer, generation, published, cancellationToken), null);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return new MadeOrder(offer, null, exception);
        }
    }

    private async Task<BuildOrder> CreateAsync(
        QueueOffer offer, long generation, IReadOnlyList<string> published, CancellationToken cancellationToken)
    {
        var request = offer.Request;
        var options = farm.Value;
        if (!options.SourceRepositories.TryGetValue(request.SourceRepository, out var source))
        {
            throw new InvalidOperationException($"source repository {request.SourceRepository} is not in the configuration any more");
        }

        var targetOptions = options.TargetRepositories[request.Package.Target.Name];
        var repositories = new List<PacmanRepository>();
        if (generation > 0)
        {
            // Before the first publication there is no database, and pacman takes that for an error.
            repositories.Add(new PacmanRepository(request.Package.Target.Name, [$"{gateway.ForContainers()}/repos/{request.Package.Target}"]));
        }

        repositories.AddRange(targetOptions.ExtraRepositories
            .Where(extra => !repositories.Exists(known => known.Name == extra.Name))
            .Select(extra => new PacmanRepository(extra.Name, extra.Servers, DatabaseSigned: false)));
        return new BuildOrder
        {
            Attempt = new AttemptRef(offer.Attempt.Build.ToString(), offer.Attempt.Number),
            Pkgbase = request.Package.Pkgbase,
            TargetRepository = request.Package.Target.Name,
            Arch = request.Package.Target.Arch,
            SourceRepository = request.SourceRepository,
            SourceUrl = source.Url,
            Commit = request.Commit,
            Image = options.BuilderImage,
            Timeout = options.BuildTimeout * request.TimeoutFactor,
            StallTimeout = options.StallTimeout,
            Repositories = repositories,
            TrustedKeys = await keys.GetAsync(cancellationToken),
            Keyrings = targetOptions.ExtraKeyrings,
            PackageBump = request.PackageBump,
            AllowProhibited = request.AllowProhibited,
            Published = published,
            CacheSources = request.CacheSources,
            TraceParent = request.Trace?.Parent,
            TraceState = request.Trace?.State,
            Environment = new Dictionary<string, string> { ["PACKAGER"] = options.Packager },
        };
    }
}

/// <summary>A builder's order, or why there is none.</summary>
/// <param name="Offer">What the queue offered.</param>
/// <param name="Order">The order; null when there is none.</param>
/// <param name="Problem">Why; null when there is one.</param>
public sealed record MadeOrder(QueueOffer Offer, BuildOrder? Order, Exception? Problem);

/// <summary>The public keys that build containers trust.</summary>
public interface ITrustedKeys
{
    /// <summary>ASCII-armoured.</summary>
    /// <exception cref="TrustedKeysMissingException">There is no key that could be shown.</exception>
    ValueTask<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken);
}

/// <summary>The farm has no key that could be shown; the message says what to do.</summary>
public sealed class TrustedKeysMissingException(string message) : Exception(message);
