using Caur.Storage.Files;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Api.Auth;

/// <summary>Who may do what. Reading is public unless <see cref="ReadingOptions"/> say otherwise; writing needs a role.</summary>
internal static class AuthPolicies
{
    /// <summary>Schedule builds: tokens of pipelines and admins.</summary>
    public const string Schedule = "schedule";

    /// <summary>Remove packages, and verify what is left: tokens of pipelines and admins.</summary>
    public const string Remove = "remove";

    /// <summary>Change queue and builds, roll back: admins.</summary>
    public const string Admin = "admin";

    /// <summary>Speak for a builder: its token, and admins. Goes with a <see cref="BuilderRouteAttribute"/>, which says for which.</summary>
    public const string Builder = "builder";

    /// <summary>Be a builder: builders' own tokens alone. An admin's, which could be every builder, has no business on a builder's machine.</summary>
    public const string Link = "link";

    private static readonly Dictionary<string, TokenRole[]> Roles = new()
    {
        [Schedule] = [TokenRole.Ci, TokenRole.Admin],
        [Remove] = [TokenRole.Ci, TokenRole.Admin],
        [Admin] = [TokenRole.Admin],
        [Builder] = [TokenRole.Builder, TokenRole.Admin],
        [Link] = [TokenRole.Builder],
    };

    /// <summary>The roles that a policy lets in, for people.</summary>
    public static string RolesOf(string? policy) =>
        policy is not null && Roles.TryGetValue(policy, out var roles)
            ? string.Join(" or ", roles.Select(role => role.ToString().ToLowerInvariant()))
            : "any role";

    public static IServiceCollection AddTokenAuth(this IServiceCollection services)
    {
        // Nothing here needs keys that outlive the process, and none are to be written into somebody's home.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.AddAuthentication(TokenAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.SchemeName, null);
        var authorization = services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().AddRequirements(new ReadingRequirement()).Build());
        foreach (var (name, roles) in Roles)
        {
            authorization.AddPolicy(name, policy => policy.RequireRole(roles.Select(role => role.ToString())));
        }

        services.AddOptions<ReadingOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<ReadingOptions>, ReadingOptionsValidator>();
        services.AddSingleton<IAuthorizationHandler, ReadingHandler>();
        services.AddSingleton(provider => new TokenUses(
            Path.Combine(provider.GetRequiredService<DataFolders>().Root, "tokens.used.json"), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<TokenWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<TokenWatch>());
        return services;
    }
}
