using Caur.Contracts.Farm;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Caur.Api.Builds;

/// <summary>Of a path's part: it is no source repository's id. Behind one stands a package folder, also one called <c>builds</c>.</summary>
internal sealed class NoSourceConstraint(IOptions<FarmOptions> farm) : IRouteConstraint
{
    /// <summary>Its name in a route's pattern.</summary>
    public const string Name = "nosource";

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        values.TryGetValue(routeKey, out var value) && value is string id && !farm.Value.SourceRepositories.ContainsKey(id);
}
