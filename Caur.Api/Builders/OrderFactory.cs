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
    /// <summary>The order for one offer.</summary>
    public async Task<BuildOrder> CreateAsync(QueueOffer offer, CancellationToken cancellationToken)
    {
        var request = offer.Request;
        var options = farm.Value;
        if (!options.SourceRepositories.TryGetValue(request.SourceRepository, out var source))
        {
            throw new InvalidOperationException($"source repository {request.SourceRepository} is not in the configuration any more");
        }

        if (!options.TargetRepositories.TryGetValue(request.Package.Target.Name, out var targetOptions))
        {
            throw new InvalidOperationException($"target repository {request.Package.Target.Name} is not in the configuration any more");
        }

        var target = grains.GetGrain<ITargetRepositoryGrain>(request.Package.Target.ToString());
        var view = await target.GetAsync();
        var published = await target.GetPublishedFilesAsync(request.Package.Pkgbase);
        var repositories = new List<PacmanRepository>();
        if (view.Generation > 0)
        {
            // Before the first publication there is no database, and pacman takes that for an error.
            repositories.Add(new PacmanRepository(view.Target.Name, [$"{gateway.ForContainers()}/repos/{view.Target}"]));
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
            Published = published,
            CacheSources = request.CacheSources,
            TraceParent = request.Trace?.Parent,
            TraceState = request.Trace?.State,
            Environment = new Dictionary<string, string> { ["PACKAGER"] = options.Packager },
        };
    }
}

/// <summary>The public keys that build containers trust.</summary>
public interface ITrustedKeys
{
    /// <summary>ASCII-armoured.</summary>
    /// <exception cref="TrustedKeysMissingException">There is no key that could be shown.</exception>
    ValueTask<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken);
}

/// <summary>The farm has no key that could be shown; the message says what to do.</summary>
public sealed class TrustedKeysMissingException(string message) : Exception(message);
