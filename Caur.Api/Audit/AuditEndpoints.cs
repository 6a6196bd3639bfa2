using Caur.Api.Auth;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Audit;

/// <summary>Who did what.</summary>
internal static class AuditEndpoints
{
    private const int PageSize = 1000;

    /// <summary>Maps <c>/api/v1/audit</c>.</summary>
    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/audit", GetAsync).RequireAuthorization(AuthPolicies.Admin).WithTags("audit").WithName("GetAudit");
        return app;
    }

    private static async Task<Results<Ok<AuditPage>, ProblemHttpResult>> GetAsync(
        AuditLog audit, CancellationToken cancellationToken, long after = 0, int limit = 100)
    {
        if (after < 0 || limit is < 1 or > PageSize)
        {
            return TypedResults.Problem(
                $"after is the number of a line from 0, limit from 1 to {PageSize}", statusCode: StatusCodes.Status400BadRequest);
        }

        var entries = await audit.ReadAsync(after, limit, cancellationToken);
        return TypedResults.Ok(new AuditPage(entries, entries is [.., var last] ? last.Seq : after));
    }
}

/// <summary><c>GET /api/v1/audit</c>.</summary>
/// <param name="Entries">The lines behind <c>after</c>, the oldest first.</param>
/// <param name="Next">What to ask for next as <c>after</c>; the same as before when there is nothing newer.</param>
public sealed record AuditPage(IReadOnlyList<AuditEntry> Entries, long Next);
