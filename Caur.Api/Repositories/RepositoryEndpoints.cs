using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Repositories;

/// <summary>The repositories as static files.</summary>
public static class RepositoryEndpoints
{
    /// <summary>Maps <c>/repos/...</c>.</summary>
    public static IEndpointRouteBuilder MapRepositories(this IEndpointRouteBuilder app) => app;
}
