using Caur.Api.Documentation;
using Caur.Api.Idempotency;
using Caur.Contracts.Farm;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Caur.Api.Auth;

/// <summary>The tokens, for admins.</summary>
internal static class TokenEndpoints
{
    /// <summary>Maps <c>/api/v1/tokens</c>.</summary>
    public static IEndpointRouteBuilder MapTokens(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/tokens").WithTags("tokens").RequireAuthorization(AuthPolicies.Admin);
        group.MapGet("", List).WithName("ListTokens")
            .Documented("List tokens.", "All that were made and not revoked, also those whose time is over. What they are is kept nowhere.")
            .AnswersLike(new[] { TokenExamples.View })
            .WantsToken("admin");
        group.MapPost("", CreateAsync).WithMetadata(new SecretAnswerAttribute()).WithName("CreateToken")
            .Documented("Make a token.", "It is answered once and cannot be had again. A builder's is good for the builder of its name, a ci token for the targets it names, or for all.")
            .TakesLike(TokenExamples.Body)
            .AnswersLike(TokenExamples.Created, StatusCodes.Status201Created, "Made.")
            .Refuses(StatusCodes.Status400BadRequest, "Such a token cannot be.", "a role is wanted: Ci, Builder, Reader or Admin")
            .Refuses(StatusCodes.Status409Conflict, "There are too many.", $"there are {TokenRules.MaxTokens} tokens: revoke those that are not used")
            .WantsToken("admin");
        group.MapDelete("/{id}", RevokeAsync).WithName("RevokeToken")
            .Documented("Revoke a token.", "It is refused from now on, and what it follows ends.")
            .Parameter("id", "The token's id, as in the list.", TokenExamples.View.Id)
            .AnswersNothing(StatusCodes.Status204NoContent, "Revoked.")
            .Refuses(StatusCodes.Status404NotFound, "There is no such token.", "there is no token of this id: GET /api/v1/tokens lists them")
            .WantsToken("admin");
        return app;
    }

    private static Ok<IReadOnlyList<TokenView>> List(TokenStore tokens, TokenUses uses, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(TokenView.List(tokens, uses));
    }

    private static async Task<Results<Created<TokenCreated>, ProblemHttpResult>> CreateAsync(
        TokenBody body, TokenStore tokens, IOptions<FarmOptions> farm, TimeProvider clock, HttpContext context)
    {
        if (body.Role is not { } role)
        {
            return TypedResults.Problem("a role is wanted: Ci, Builder, Reader or Admin", statusCode: StatusCodes.Status400BadRequest);
        }

        var order = new TokenOrder
        {
            Role = role,
            Name = body.Name ?? "",
            Expires = body.Expires,
            Targets = body.Targets ?? [],
            Operation = context.Features.Get<KeyedOperation>()?.Operation,
        };
        if (TokenRules.Problem(order, clock.GetUtcNow()) is { } problem)
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
        }

        if (tokens.List().Count >= TokenRules.MaxTokens)
        {
            return TypedResults.Problem(
                $"there are {TokenRules.MaxTokens} tokens: revoke those that are not used", statusCode: StatusCodes.Status409Conflict);
        }

        // Not ended by a client that goes away: the answer is lost then, and the token stands in the list.
        var (record, token) = await tokens.CreateAsync(order, CancellationToken.None);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/api/v1/tokens/{record.Id}", TokenCreated.Of(order, record, token, farm.Value.TargetRepositories.Keys));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(string id, TokenStore tokens) =>
        await tokens.RevokeAsync(id, CancellationToken.None)
            ? TypedResults.NoContent()
            : TypedResults.Problem("there is no token of this id: GET /api/v1/tokens lists them", statusCode: StatusCodes.Status404NotFound);
}
