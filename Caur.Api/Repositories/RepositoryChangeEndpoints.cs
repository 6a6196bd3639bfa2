using System.Collections.Immutable;
using System.Globalization;
using System.Security.Claims;
using Caur.Api.Auth;
using Caur.Api.Paging;
using Caur.Api.Problems;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Caur.Api.Repositories;

/// <summary>What the repositories hold, and every change to them that is no build.</summary>
public static partial class RepositoryChangeEndpoints
{
    /// <summary>The <c>type</c> of a refusal's problem (RFC 9457) is this and the refusal's name.</summary>
    public const string ProblemType = "urn:caur:refused:";

    /// <summary>How long a call waits for its change to be in effect before it answers 202.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private const int PageSize = 1000;

    /// <summary>Maps <c>/api/v1/repositories/...</c>.</summary>
    public static IEndpointRouteBuilder MapRepositoryChanges(this IEndpointRouteBuilder app)
    {
        var all = app.MapGroup("/api/v1/repositories").WithTags("repositories");
        all.MapGet("", ListAsync).WithName("ListRepositories").DescribeList();
        var one = all.MapGroup("/{name}/{arch}").WithMetadata(new TargetRouteAttribute("name"));
        one.MapGet("", GetAsync).WithName("GetRepository").DescribeOne();
        one.MapGet("/generations", GetGenerationsAsync).WithName("GetRepositoryGenerations").DescribeGenerations();
        one.MapGet("/packages", GetPackagesAsync).WithName("GetRepositoryPackages").DescribePackages();
        one.MapGet("/changes/{operation:guid}", GetChangeAsync).WithName("GetRepositoryChange").DescribeChangeStatus();
        one.MapGet("/verify", GetVerificationAsync).WithName("GetRepositoryVerification").DescribeVerification();
        one.MapPost("/verify", VerifyAsync).RequireAuthorization(AuthPolicies.Remove).WithName("VerifyRepository").DescribeVerify();
        MapChange("remove", RepositoryChangeKind.Remove, AuthPolicies.Remove);
        MapChange("keep", RepositoryChangeKind.Keep, AuthPolicies.Remove);
        MapChange("rollback", RepositoryChangeKind.Rollback, AuthPolicies.Admin);
        MapChange("accept", RepositoryChangeKind.Accept, AuthPolicies.Admin);
        return app;

        void MapChange(string verb, RepositoryChangeKind kind, string policy) => one
            .MapPost($"/{verb}", (string name, string arch, ChangeBody body, HttpContext context, RepositoryReader repositories, HubPaths paths, TimeProvider clock, ILoggerFactory loggers) =>
                ChangeAsync(name, arch, kind, body, context, repositories, paths, clock, loggers.CreateLogger(typeof(RepositoryChangeEndpoints).FullName!)))
            .RequireAuthorization(policy)
            .WithName($"{kind}Packages")
            .DescribeChange(kind);
    }

    private static async Task<Ok<RepositoryReply[]>> ListAsync(RepositoryReader repositories, HubPaths paths, HttpContext context) =>
        TypedResults.Ok((await Task.WhenAll(repositories.Targets.Select(repositories.ReadAsync)))
            .Select(reply => reply with { Problem = paths.For(context, reply.Problem) })
            .ToArray());

    private static async Task<Results<Ok<RepositoryReply>, ProblemHttpResult>> GetAsync(
        string name, string arch, RepositoryReader repositories, HubPaths paths, HttpContext context)
    {
        if (repositories.Find(name, arch) is not { } target)
        {
            return NoRepository(name, arch, repositories);
        }

        var reply = await repositories.ReadAsync(target);
        return TypedResults.Ok(reply with { Problem = paths.For(context, reply.Problem) });
    }

    private static async Task<Results<Ok<PackagePage>, ProblemHttpResult>> GetPackagesAsync(
        string name, string arch, RepositoryReader repositories, string? after = null, int? limit = null) =>
        repositories.Find(name, arch) is not { } target ? NoRepository(name, arch, repositories)
        : PageQuery.Problem(limit, PageSize) is { } problem ? TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest)
        : TypedResults.Ok(await repositories.Repository(target).GetPackagesAsync(after is { Length: > 0 } ? after : null, limit ?? PageSize));

    private static async Task<Results<Ok<Page<GenerationView>>, ProblemHttpResult>> GetGenerationsAsync(
        string name, string arch, RepositoryReader repositories, int? after = null, int? limit = null)
    {
        if (repositories.Find(name, arch) is not { } target)
        {
            return NoRepository(name, arch, repositories);
        }

        if (PageQuery.Problem(limit) is { } problem)
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
        }

        var (items, next) = Pager.Cut(
            await repositories.Repository(target).GetGenerationsAsync(),
            generation => after is null || generation.Number < after,
            limit ?? PageQuery.Default,
            generation => generation.Number.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<GenerationView> { Items = items, Next = next });
    }

    private static async Task<Results<Ok<RepositoryChangeView>, ProblemHttpResult>> GetChangeAsync(
        string name, string arch, Guid operation, RepositoryReader repositories, HubPaths paths, HttpContext context)
    {
        if (repositories.Find(name, arch) is not { } target)
        {
            return NoRepository(name, arch, repositories);
        }

        return await repositories.Repository(target).GetChangeAsync(operation) is { } view
            ? TypedResults.Ok(view with { Reason = paths.For(context, view.Reason) })
            : TypedResults.Problem(
                $"{target} knows no change {operation}: it was never ordered, or long ago", statusCode: StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Ok<VerificationView>, ProblemHttpResult>> GetVerificationAsync(
        string name, string arch, RepositoryReader repositories, HubPaths paths, HttpContext context)
    {
        if (repositories.Find(name, arch) is not { } target)
        {
            return NoRepository(name, arch, repositories);
        }

        var view = await repositories.Repository(target).GetVerificationAsync();
        return TypedResults.Ok(view with { Failure = paths.For(context, view.Failure) });
    }

    private static async Task<Results<Accepted<VerificationView>, ProblemHttpResult>> VerifyAsync(
        string name, string arch, RepositoryReader repositories) =>
        repositories.Find(name, arch) is { } target
            ? TypedResults.Accepted($"/api/v1/repositories/{target}/verify", await repositories.Repository(target).VerifyAsync())
            : NoRepository(name, arch, repositories);

    private static async Task<Results<Ok<RepositoryChangeView>, Accepted<RepositoryChangeView>, ProblemHttpResult>> ChangeAsync(
        string name, string arch, RepositoryChangeKind kind, ChangeBody body, HttpContext context, RepositoryReader repositories, HubPaths paths, TimeProvider clock, ILogger logger)
    {
        if (repositories.Find(name, arch) is not { } target)
        {
            return NoRepository(name, arch, repositories);
        }

        var change = new RepositoryChange
        {
            Operation = body.Operation ?? Guid.NewGuid(),
            Kind = kind,
            Names = kind is RepositoryChangeKind.Rollback or RepositoryChangeKind.Accept ? [] : [.. (body.Names ?? []).Select(given => given ?? "").Distinct(StringComparer.Ordinal)],
            SinglePackages = kind == RepositoryChangeKind.Remove && body.Packages,
            Force = kind == RepositoryChangeKind.Keep && body.Force,
            Generation = kind == RepositoryChangeKind.Rollback ? body.Generation : null,
        };
        if (change.Names.Length > RepositoryChange.MaxNames)
        {
            return Refused(new RepositoryChangeView
            {
                Operation = change.Operation,
                Kind = kind,
                State = RepositoryChangeState.Refused,
                Refusal = RepositoryChangeRefusal.TooManyNames,
                Reason = $"{change.Names.Length} names are more than the {RepositoryChange.MaxNames} that one order may have",
            });
        }

        var repository = repositories.Repository(target);
        if (body.DryRun)
        {
            return TypedResults.Ok(await repository.PlanChangeAsync(change));
        }

        // Before it is ordered: whatever becomes of it, it stands here who wanted it.
        var (who, token) = (context.User.Identity?.Name ?? "", context.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? "");
        LogOrdered(logger, who, token, kind, target, change.Operation, OneLine(Named(change)), change.Force, OneLine(body.Reason ?? ""));
        var view = await WaitAsync(repository, await repository.ChangeAsync(change), clock, context.RequestAborted);
        if (view.Refusal == RepositoryChangeRefusal.OperationReused)
        {
            return TypedResults.Problem(
                $"operation {change.Operation} stands for another order in {target} already, {(view.Kind == kind ? "with other words" : Verb(view.Kind))}: use a new one for each order, and the same only to repeat it",
                statusCode: StatusCodes.Status422UnprocessableEntity,
                title: "The operation is another order's",
                type: ProblemType + view.Refusal,
                extensions: new Dictionary<string, object?> { ["code"] = view.Refusal.ToString(), ["operation"] = change.Operation });
        }

        LogAnswered(logger, target, change.Operation, view.State, view.Generation, view.Removed, view.Refusal);
        return view.State switch
        {
            RepositoryChangeState.Refused => Refused(view),
            RepositoryChangeState.Pending => TypedResults.Accepted(
                $"/api/v1/repositories/{target}/changes/{view.Operation}", view with { Reason = paths.For(context, view.Reason) }),
            _ => TypedResults.Ok(view),
        };
    }

    /// <summary>Most changes take less time than a second question.</summary>
    private static async Task<RepositoryChangeView> WaitAsync(
        ITargetRepositoryGrain repository, RepositoryChangeView view, TimeProvider clock, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var pause = TimeSpan.FromMilliseconds(20);
        while (view is { State: RepositoryChangeState.Pending, Reason.Length: 0 } && clock.GetElapsedTime(started) < Patience)
        {
            await Task.Delay(pause, clock, cancellationToken);
            pause = pause * 2 < TimeSpan.FromMilliseconds(250) ? pause * 2 : TimeSpan.FromMilliseconds(250);
            view = await repository.GetChangeAsync(view.Operation) ?? view;
        }

        return view;
    }

    private static ProblemHttpResult Refused(RepositoryChangeView view) => TypedResults.Problem(
        view.Reason,
        statusCode: view.Refusal switch
        {
            RepositoryChangeRefusal.EmptyList or RepositoryChangeRefusal.InvalidName or RepositoryChangeRefusal.TooManyNames =>
                StatusCodes.Status400BadRequest,
            RepositoryChangeRefusal.TooMuch or RepositoryChangeRefusal.FilesGone => StatusCodes.Status409Conflict,
            _ => StatusCodes.Status422UnprocessableEntity,
        },
        title: "The change is refused",
        type: ProblemType + view.Refusal,
        extensions: new Dictionary<string, object?>
        {
            ["code"] = view.Refusal.ToString(),
            ["operation"] = view.Operation,
            ["packages"] = view.Packages,
            ["removed"] = view.Removed,
            ["bytes"] = view.Bytes,
            ["unknown_names"] = view.UnknownNames,
            ["names"] = view.Changes.Select(change => change.Pkgname).ToImmutableArray(),
        });

    private static ProblemHttpResult NoRepository(string name, string arch, RepositoryReader repositories) => TypedResults.Problem(
        $"there is no repository '{name}/{arch}'; this farm has {string.Join(", ", repositories.Targets)}",
        statusCode: StatusCodes.Status404NotFound,
        title: "There is no such repository",
        type: ProblemType + "UnknownRepository",
        extensions: new Dictionary<string, object?> { ["code"] = "UnknownRepository" });

    private static string Verb(RepositoryChangeKind kind) => kind switch
    {
        RepositoryChangeKind.Remove => "a removal",
        RepositoryChangeKind.Keep => "a removal of all but some",
        RepositoryChangeKind.Rollback => "a rollback",
        _ => "an acceptance of what is there",
    };

    private static string Named(RepositoryChange change) => change.Kind switch
    {
        RepositoryChangeKind.Rollback => $"generation {change.Generation}",
        RepositoryChangeKind.Accept => "what is there",
        _ => $"{change.Names.Length} names: {string.Join(' ', change.Names.Take(20))}{(change.Names.Length > 20 ? " ..." : "")}",
    };

    /// <summary>What others wrote, so that it cannot look like a line of the log's own.</summary>
    private static string OneLine(string text)
    {
        var line = string.Concat(text.Take(500).Select(character => char.IsControl(character) ? ' ' : character));
        return text.Length > 500 ? $"{line}..." : line;
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Who} (token {Token}) orders {Kind} in {Target}, operation {Operation}: {What}, force {Force}, reason '{Reason}'")]
    private static partial void LogOrdered(
        ILogger logger, string who, string token, RepositoryChangeKind kind, TargetId target, Guid operation, string what, bool force, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Target}, operation {Operation}: {State} in generation {Generation}, {Removed} removed {Refusal}")]
    private static partial void LogAnswered(
        ILogger logger, TargetId target, Guid operation, RepositoryChangeState state, long? generation, int removed, RepositoryChangeRefusal refusal);
}
