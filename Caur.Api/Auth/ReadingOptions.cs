using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Caur.Api.Auth;

/// <summary>Who may read.</summary>
public sealed class ReadingOptions
{
    /// <summary>What is public (<c>CAUR_READING</c>). Default: everything that can be read.</summary>
    public Reading Reading { get; set; } = Reading.Public;
}

/// <summary>What may be read without a token. Probes always may.</summary>
public enum Reading
{
    /// <summary>Everything but what only admins see.</summary>
    Public,

    /// <summary>The repositories and the key, as pacman and builds need them; all else wants a token of any role.</summary>
    Packages,

    /// <summary>Nothing. pacman presents a token as the password in its server's URL.</summary>
    Private,
}

/// <summary>Refuses what cannot work.</summary>
internal sealed class ReadingOptionsValidator : IValidateOptions<ReadingOptions>
{
    public ValidateOptionsResult Validate(string? name, ReadingOptions options) =>
        Enum.IsDefined(options.Reading) ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail("CAUR_READING must be public, packages or private");
}

/// <summary>What holds for a route that names no policy of its own: it is for readers.</summary>
internal sealed class ReadingRequirement : IAuthorizationRequirement;

/// <summary>Lets readers in, and nobody who shows a token that is none: who believes to be somebody is told that he is not.</summary>
internal sealed class ReadingHandler(IOptions<ReadingOptions> options) : AuthorizationHandler<ReadingRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ReadingRequirement requirement)
    {
        if (context.Resource is HttpContext http && (http.Request.Path.StartsWithSegments("/health") || IsPage(http) || MayRead(http)))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    /// <summary>The pages and what they are made of: nothing of the farm is in them, and a browser cannot present a token before it has
    /// them. They ask for one.</summary>
    private static bool IsPage(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<PageAttribute>() is not null;

    private bool MayRead(HttpContext http) =>
        !WrongToken.IsShown(http) && (http.User.Identity?.IsAuthenticated == true || options.Value.Reading switch
        {
            Reading.Public => true,
            Reading.Packages => http.Request.Path.StartsWithSegments("/repos") || http.Request.Path == "/key.asc",
            _ => false,
        });
}
