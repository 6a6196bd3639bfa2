using Caur.Contracts.Farm;
using Caur.Contracts.Repositories;
using Caur.Grains.Builds;
using Caur.Storage.Provenance;

namespace Caur.Grains.Repositories;

/// <summary>How a build came about: from its record to the order to publish it, and from there to its provenance.</summary>
internal static class Origins
{
    private static readonly string Version = typeof(Origins).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>What an order to publish says of a build's last attempt.</summary>
    public static PublishOrigin Of(BuildRecord record)
    {
        var (request, attempt) = (record.Request!, record.Attempts[^1]);
        return new PublishOrigin
        {
            SourceRepository = request.SourceRepository,
            Commit = request.Commit,
            Builder = attempt.Builder,
            ImageDigest = attempt.ImageDigest,
            Started = attempt.Accepted,
            Finished = attempt.Ended,
            PackageBump = request.PackageBump,
            AllowProhibited = request.AllowProhibited,
            CacheSources = request.CacheSources,
            BuilderClass = request.BuilderClass,
        };
    }

    /// <summary>What a build's provenance says of it; null when the order does not know.</summary>
    public static BuildOrigin? Of(PublishOrder order, FarmOptions farm) => order.Origin is not { } origin ? null : new BuildOrigin
    {
        Build = order.Build.ToString(),
        Attempt = order.Attempt,
        SourceRepository = origin.SourceRepository,
        SourceUrl = farm.SourceRepositories.GetValueOrDefault(origin.SourceRepository) is { } source ? Public(source.Url) : null,
        Commit = origin.Commit,
        Image = farm.BuilderImage,
        ImageDigest = origin.ImageDigest,
        Builder = origin.Builder.ToString(),
        FarmVersion = Version,
        Started = origin.Started,
        Finished = origin.Finished,
        Parameters = Parameters(origin).ToDictionary(parameter => parameter.Name, parameter => parameter.Value),
    };

    private static IEnumerable<(string Name, string Value)> Parameters(PublishOrigin origin)
    {
        if (origin.PackageBump is { } bump)
        {
            yield return ("CI_PACKAGE_BUMP", bump);
        }

        if (origin.AllowProhibited)
        {
            yield return ("BUILDER_ALLOW_PROHIBITED", "true");
        }

        if (origin.CacheSources)
        {
            yield return ("BUILDER_CACHE_SOURCES", "true");
        }

        if (origin.BuilderClass is { } wanted)
        {
            yield return ("BUILDER_CLASS", wanted);
        }
    }

    /// <summary>An address as anybody may read it: without who fetches there.</summary>
    private static string Public(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0
            ? new UriBuilder(uri) { UserName = "", Password = "" }.Uri.ToString()
            : url;
}
