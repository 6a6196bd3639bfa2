using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Api.Auth;

/// <summary>Who may do what. Reading is public; writing needs a role.</summary>
internal static class AuthPolicies
{
    /// <summary>Schedule builds: tokens of pipelines and admins.</summary>
    public const string Schedule = "schedule";

    /// <summary>Remove packages, and verify what is left: tokens of pipelines and admins.</summary>
    public const string Remove = "remove";

    /// <summary>Change queue and builds, roll back: admins.</summary>
    public const string Admin = "admin";

    public static IServiceCollection AddTokenAuth(this IServiceCollection services)
    {
        // Nothing here needs keys that outlive the process, and none are to be written into somebody's home.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.AddAuthentication(TokenAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.SchemeName, null);
        services.AddAuthorizationBuilder()
            .AddPolicy(Schedule, policy => policy.RequireRole(nameof(TokenRole.Ci), nameof(TokenRole.Admin)))
            .AddPolicy(Remove, policy => policy.RequireRole(nameof(TokenRole.Ci), nameof(TokenRole.Admin)))
            .AddPolicy(Admin, policy => policy.RequireRole(nameof(TokenRole.Admin)));
        return services;
    }
}
