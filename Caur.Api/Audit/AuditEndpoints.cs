using Caur.Api.Auth;
using Caur.Api.Documentation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Audit;

/// <summary>Who did what.</summary>
internal static class AuditEndpoints
{
    private const int PageSize = 1000;

    private static readonly AuditPage Example = new(
        [
            new AuditEntry
            {
                Seq = 4712,
                At = new DateTimeOffset(2026, 11, 21, 8, 26, 24, TimeSpan.Zero),
                Event = AuditEvent.Ended,
                Of = 4711,
                Request = "f3b1c7d2a90e4c55",
                Token = "b7f3c2a94d10",
                Name = "pipeline",
                Role = "Ci",
                Address = "192.0.2.7",
                Method = "POST",
                Route = "/api/queue/schedule",
                Path = "/api/queue/schedule",
                Target = "chaotic-aur/x86_64",
                Status = 200,
            },
        ],
        4712);

    /// <summary>Maps <c>/api/v1/audit</c>.</summary>
    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/audit", GetAsync).RequireAuthorization(AuthPolicies.Admin).WithTags("audit").WithName("GetAudit")
            .Documented(
                "Read the audit log.",
                "Every write has a line before it is carried out and one with its outcome; one without the second was cut off. Of what changed nothing, long ago, each token has one line `Refusals` with a count. What is older than the kept files is gone.")
            .Parameter("after", "The number of the line behind which to begin. Default: 0, the oldest that is kept.", "4711")
            .Parameter("limit", $"How many lines at most, from 1 to {PageSize}. Default: 100.", "50")
            .AnswersLike(Example)
            .Refuses(StatusCodes.Status400BadRequest, "A parameter cannot be what it is.", $"after is the number of a line from 0, limit from 1 to {PageSize}")
            .WantsToken("admin");
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
