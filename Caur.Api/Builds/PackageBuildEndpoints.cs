using System.Collections.Immutable;
using System.Globalization;
using Caur.Api.Documentation;
using Caur.Api.Hosting;
using Caur.Api.Logs;
using Caur.Api.Queue;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Packages;
using Caur.Storage.State;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Api.Builds;

/// <summary>The builds of a pkgbase: those in the queue, those that its history has, and those that still have a log.</summary>
public static class PackageBuildEndpoints
{
    /// <summary>Maps <c>/api/v1/packages/{pkgbase}/builds</c>.</summary>
    public static IEndpointRouteBuilder MapPackageBuilds(this IEndpointRouteBuilder app)
    {
        app.MapGet($"/api/v1/packages/{{pkgbase:{NoSourceConstraint.Name}}}/builds", GetAsync).WithTags("packages").WithName("GetPackageBuilds").WithEntityTag()
            .Documented("All builds of a pkgbase, the newest first.", "Those in the queue, those that its history has, and those that still have a log: not more than some hundred.")
            .Parameter("pkgbase", "The package folder.", "guile1.8")
            .AnswersLike(new List<PackageBuild> { new(BuildExamples.Id, true) })
            .Refuses(StatusCodes.Status400BadRequest, "That is no package folder.", "'.git' is no name of a package folder");
        return app;
    }

    private static async Task<Results<Ok<List<PackageBuild>>, ProblemHttpResult>> GetAsync(
        string pkgbase, QueueReader queues, LogServices services, IGrainFactory grains, IOptions<FarmOptions> farm)
    {
        if (!Names.IsValid(pkgbase))
        {
            return TypedResults.Problem($"'{pkgbase}' is no name of a package folder", statusCode: StatusCodes.Status400BadRequest);
        }

        var queued = (await queues.ReadAsync())
            .SelectMany(queue => queue.Items)
            .Select(item => item.Build)
            .Where(build => build.Pkgbase == pkgbase)
            .ToHashSet();
        var logs = services.Store.List(pkgbase);
        if (queued.Count == 0 && logs.Count == 0)
        {
            // The newest log of every package is kept: one without has no history either. No grain is made for a name that is none.
            return TypedResults.Ok<List<PackageBuild>>([]);
        }

        var histories = await Task.WhenAll(farm.Value.SourceRepositories.Keys
            .Select(repository => HistoryAsync(grains.GetGrain<IPackageGrain>(new SourcePackage(repository, pkgbase).ToString()))));
        var finished = histories.SelectMany(history => history).ToDictionary(build => build.Build);
        var logged = logs
            .Select(log => string.Create(CultureInfo.InvariantCulture, $"{log.Key.Target}/{log.Key.Arch}/{pkgbase}/{log.Key.Timestamp}"))
            .Where(text => BuildId.TryParse(text, null, out _))
            .Select(text => BuildId.Parse(text));
        return TypedResults.Ok(logged.Union(queued).Union(finished.Keys)
            .OrderByDescending(build => build.Timestamp)
            .Select(build => new PackageBuild(build, queued.Contains(build), finished.GetValueOrDefault(build)))
            .ToList());
    }

    /// <summary>A history that cannot be read must not hide the builds that are known without it.</summary>
    private static async Task<ImmutableArray<FinishedBuild>> HistoryAsync(IPackageGrain package)
    {
        try
        {
            return await package.GetHistoryAsync();
        }
        catch (Exception exception) when (StateDamage.IsIn(exception))
        {
            return [];
        }
    }
}

/// <summary>One of <c>GET /api/v1/packages/{pkgbase}/builds</c>, which has the newest first.</summary>
/// <param name="Build">Its id.</param>
/// <param name="Queued">True when it is in the queue or with a builder.</param>
/// <param name="Finished">How it ended; null when it has not, or when its package's history does not have it.</param>
public sealed record PackageBuild(BuildId Build, bool Queued, FinishedBuild? Finished = null);
