using System.Globalization;
using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Caur.Api.Audit;
using Caur.Api.Problems;
using Caur.Api.Writes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Caur.Api.Auth;

/// <summary>Reads <c>Authorization: Bearer TOKEN</c>, and <c>Basic</c> with a token as the password, which is what pacman can send. Without
/// one a request is anonymous; with a wrong or ended one it is refused, also where it could read without.</summary>
internal sealed partial class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory loggers,
    UrlEncoder encoder,
    TokenStore tokens,
    TokenUses uses,
    AuditLog audit,
    TimeProvider clock)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "Bearer";

    private const int MaxHeader = 512;

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var result = Authenticate();
        if (result.Failure is not null)
        {
            Context.Features.Set(new WrongToken());
        }

        return Task.FromResult(result);
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var failure = (await HandleAuthenticateOnceSafeAsync()).Failure;
        Response.Headers.WWWAuthenticate = failure is null ? """Bearer realm="caur" """.TrimEnd() : """Bearer realm="caur", error="invalid_token" """.TrimEnd();
        if (Request.Path.StartsWithSegments("/repos"))
        {
            Response.Headers.Append("WWW-Authenticate", """Basic realm="caur" """.TrimEnd());
        }

        await Refusals.WriteAsync(
            Context,
            StatusCodes.Status401Unauthorized,
            failure is { } wrong
                ? $"{wrong.Message}: 'caur token create' on the farm's machine, or an admin by POST /api/v1/tokens, makes a new one"
                : $"send a token of {Wanted()}: Authorization: Bearer TOKEN. 'caur token create' on the farm's machine, or an admin by POST /api/v1/tokens, makes one");
    }

    protected override async Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var role = TokenIdentity.Of(Context.User)?.Role.ToString().ToLowerInvariant();
        var why = $"this token's role is {role}, and this wants {Wanted()}: use another token";
        if (Context.IsWrite())
        {
            await audit.AppendAsync(AuditMiddleware.Describe(Context, AuditEvent.Refused) with
            {
                Status = StatusCodes.Status403Forbidden,
                Outcome = why,
            });
        }

        await Refusals.WriteAsync(Context, StatusCodes.Status403Forbidden, why);
    }

    private AuthenticateResult Authenticate()
    {
        var headers = Request.Headers.Authorization;
        if (headers.Count == 0 || (headers.Count == 1 && string.IsNullOrEmpty(headers[0])))
        {
            return AuthenticateResult.NoResult();
        }

        if (headers.Count > 1 || headers[0]!.Length > MaxHeader)
        {
            return AuthenticateResult.Fail("the header Authorization holds no token of this farm");
        }

        if (Presented(headers[0]!) is not { } token)
        {
            // Somebody else's, as of a reverse proxy that asks for passwords: here it is nobody's.
            return AuthenticateResult.NoResult();
        }

        if (tokens.FindAlsoEnded(token) is not { } record)
        {
            return AuthenticateResult.Fail("the token is unknown: it was revoked, or is none of this farm");
        }

        if (tokens.IsEnded(record))
        {
            return AuthenticateResult.Fail(string.Create(
                CultureInfo.InvariantCulture, $"the token has ended at {record.Expires!.Value.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC"));
        }

        uses.Note(record.Id, clock.GetUtcNow());
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(TokenIdentity.Claims(record, Scheme.Name)), Scheme.Name));
    }

    /// <summary>The token that a header presents; null when it presents something else.</summary>
    private static string? Presented(string header)
    {
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || header.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
        {
            return header["Bearer".Length..].Trim();
        }

        var bytes = new byte[MaxHeader];
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)
            || !Convert.TryFromBase64String(header["Basic ".Length..].Trim(), bytes, out var length))
        {
            return null;
        }

        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        var password = pair[(pair.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return password.StartsWith("caur_", StringComparison.Ordinal) ? password : null;
    }

    /// <summary>The roles that the endpoint wants.</summary>
    private string Wanted()
    {
        var policy = Context.GetEndpoint()?.Metadata.GetMetadata<IAuthorizeData>()?.Policy;
        return policy is null ? "any role" : $"the role {AuthPolicies.RolesOf(policy)}";
    }
}

/// <summary>On a request that shows a token that is none.</summary>
internal sealed class WrongToken
{
    /// <summary>True for such a request. The framework keeps results of its own only where somebody got in.</summary>
    public static bool IsShown(HttpContext context) => context.Features.Get<WrongToken>() is not null;
}
