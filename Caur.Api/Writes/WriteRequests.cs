using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Writes;

/// <summary>Which requests change something: those to a route of this gateway with a method that is not safe (RFC 9110, 9.2.1).</summary>
public static class WriteRequests
{
    /// <summary>True for a write.</summary>
    public static bool IsWrite(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return IsWrite(context.Request.Method) && context.GetEndpoint() is RouteEndpoint;
    }

    /// <summary>True for a method that changes something.</summary>
    public static bool IsWrite(string method) =>
        HttpMethods.IsPost(method) || HttpMethods.IsPut(method) || HttpMethods.IsPatch(method) || HttpMethods.IsDelete(method);
}

/// <summary>On an endpoint: its body is read as it comes, may be large, and is not kept for the audit log or an idempotency key. Such a
/// route has to be safe to repeat by itself, as a PUT with a hash is.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
public sealed class StreamedBodyAttribute : Attribute;
