using Caur.Api.Documentation;
using Caur.Api.Hosting;
using Caur.Contracts.Farm;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Caur.Api.Farm;

/// <summary>What the farm builds from and for.</summary>
public static class FarmEndpoints
{
    /// <summary>Maps <c>/api/v1/farm</c>.</summary>
    public static IEndpointRouteBuilder MapFarm(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/farm", Get).WithTags("farm").WithName("GetFarm").WithEntityTag()
            .Documented("What the farm builds from and for.", "The source and target repositories of its configuration.")
            .AnswersLike(new FarmReply(["chaotic-aur"], [new FarmTarget("chaotic-aur", ["x86_64"])]));
        return app;
    }

    private static Ok<FarmReply> Get(IOptions<FarmOptions> farm) => TypedResults.Ok(new FarmReply(
        [.. farm.Value.SourceRepositories.Keys.Order(StringComparer.Ordinal)],
        [
            .. farm.Value.TargetRepositories.OrderBy(target => target.Key, StringComparer.Ordinal)
                .Select(target => new FarmTarget(target.Key, target.Value.Architectures)),
        ]));
}

/// <summary><c>GET /api/v1/farm</c>.</summary>
/// <param name="SourceRepositories">The ids of the source repositories, sorted.</param>
/// <param name="TargetRepositories">The target repositories, sorted by name.</param>
public sealed record FarmReply(IReadOnlyList<string> SourceRepositories, IReadOnlyList<FarmTarget> TargetRepositories);

/// <summary>One target repository.</summary>
/// <param name="Name">As in pacman.conf.</param>
/// <param name="Architectures">What it is built for.</param>
public sealed record FarmTarget(string Name, IReadOnlyList<string> Architectures);
