using Caur.Api.Builds;
using Caur.Api.Problems;
using Caur.Api.Writes;
using Caur.Contracts.Ids;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Auth;

/// <summary>A body that names the target repository that it is for.</summary>
public interface ITargetBody
{
    /// <summary>The repository's name.</summary>
    string TargetName { get; }

    /// <summary>Its architecture.</summary>
    string TargetArch { get; }
}

/// <summary>On an endpoint: a part of its path names the target repository that it changes.</summary>
/// <param name="name">The route parameter with the name.</param>
/// <param name="arch">The one with the architecture.</param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
public class TargetRouteAttribute(string name, string arch = "arch") : Attribute
{
    /// <summary>The repository of a request; null when the path does not have it.</summary>
    public virtual TargetRoute? Target(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetRouteValue(name) is string found ? new TargetRoute(found, context.GetRouteValue(arch) as string) : null;
    }
}

/// <summary>On an endpoint: a part of its path is the id of the build that it changes.</summary>
/// <param name="name">The route parameter, in which slashes may stand as <c>%2F</c>.</param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
public sealed class BuildRouteAttribute(string name) : TargetRouteAttribute(name)
{
    /// <inheritdoc/>
    public override TargetRoute? Target(HttpContext context) =>
        base.Target(context) is { } id && BuildId.TryParse(BuildEndpoints.Unpacked(id.Name), null, out var build)
            ? new TargetRoute(build.Target.Name, build.Arch)
            : null;
}

/// <summary>A target repository as a path names it, which nobody has checked.</summary>
/// <param name="Name">The name.</param>
/// <param name="Arch">The architecture, if the path has one.</param>
public sealed record TargetRoute(string Name, string? Arch)
{
    /// <inheritdoc/>
    public override string ToString() => Arch is null ? Name : $"{Name}/{Arch}";
}

/// <summary>On an endpoint: a part of its path names the builder that the request speaks for. Only that builder's own token, or an admin's,
/// gets through.</summary>
/// <param name="name">The route parameter.</param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
public sealed class BuilderRouteAttribute(string name) : Attribute
{
    /// <summary>The builder of a request.</summary>
    public string? Builder(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetRouteValue(name) as string;
    }
}

/// <summary>Holds tokens to what they are bound to, on every route: a bound token writes only where the route says what it is for, by
/// <see cref="TargetRouteAttribute"/>, <see cref="BuilderRouteAttribute"/> or an <see cref="ITargetBody"/>, and that is its own. A route that
/// says nothing is refused to it.</summary>
internal static class TokenBinding
{
    public static async ValueTask<object?> CheckAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (Problem(context) is not { } problem)
        {
            return await next(context);
        }

        return TypedResults.Problem(problem, statusCode: StatusCodes.Status403Forbidden, type: ProblemTexts.Type + "bound-elsewhere", title: "The token is bound");
    }

    private static string? Problem(EndpointFilterInvocationContext context)
    {
        var http = context.HttpContext;
        var metadata = http.GetEndpoint()!.Metadata;
        var token = TokenIdentity.Of(http.User);
        if (metadata.GetMetadata<BuilderRouteAttribute>() is { } builder)
        {
            return token is not null && builder.Builder(http) is { } name && token.MaySpeakFor(name)
                ? null
                : "only the token of this very builder, or an admin's, may speak for it";
        }

        if (token is null || !http.IsWrite())
        {
            return null;
        }

        if (token.Role == TokenRole.Builder)
        {
            return $"this token speaks for the builder {token.Name}, and this route is not a builder's";
        }

        if (token.Targets.Count == 0)
        {
            return null;
        }

        var bound = $"this token is bound to {string.Join(", ", token.Targets)}";
        var target = metadata.GetMetadata<TargetRouteAttribute>()?.Target(http)
            ?? (context.Arguments.OfType<ITargetBody>().FirstOrDefault() is { } body ? new TargetRoute(body.TargetName, body.TargetArch) : null);
        return target is null ? $"{bound}, and this route is not for one repository"
            : token.MayTouch(target.Name, target.Arch) ? null
            : $"{bound}, which does not cover what was asked for: use a token that is bound to it, or to nothing";
    }
}
