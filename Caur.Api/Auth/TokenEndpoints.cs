using Caur.Api.Idempotency;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Auth;

/// <summary>The tokens, for admins.</summary>
internal static class TokenEndpoints
{
    /// <summary>Maps <c>/api/v1/tokens</c>.</summary>
    public static IEndpointRouteBuilder MapTokens(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/tokens").WithTags("tokens").RequireAuthorization(AuthPolicies.Admin);
        group.MapGet("", List).WithName("ListTokens");
        group.MapPost("", CreateAsync).WithMetadata(new SecretAnswerAttribute()).WithName("CreateToken");
        group.MapDelete("/{id}", RevokeAsync).WithName("RevokeToken");
        return app;
    }

    private static Ok<TokenView[]> List(TokenStore tokens, TokenUses uses, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(tokens.List()
            .Select(record => new TokenView
            {
                Id = record.Id,
                Role = record.Role,
                Name = record.Name,
                Targets = record.Targets ?? [],
                Created = record.Created,
                Expires = record.Expires,
                LastUsed = uses.Last(record.Id),
                Ended = tokens.IsEnded(record),
            })
            .ToArray());
    }

    private static async Task<Results<Created<TokenCreated>, ProblemHttpResult>> CreateAsync(
        TokenBody body, TokenStore tokens, TimeProvider clock, HttpContext context)
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
        return TypedResults.Created($"/api/v1/tokens/{record.Id}", new TokenCreated
        {
            Id = record.Id,
            Role = record.Role,
            Name = record.Name,
            Targets = record.Targets ?? [],
            Created = record.Created,
            Expires = record.Expires,
            Token = token,
        });
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(string id, TokenStore tokens) =>
        await tokens.RevokeAsync(id, CancellationToken.None)
            ? TypedResults.NoContent()
            : TypedResults.Problem("there is no token of this id: GET /api/v1/tokens lists them", statusCode: StatusCodes.Status404NotFound);
}
