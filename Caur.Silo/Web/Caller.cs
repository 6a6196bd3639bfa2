using Caur.Api.Hosting;
using Microsoft.AspNetCore.Http;

namespace Caur.Silo.Web;

/// <summary>For whom the hub is asked. It believes that where <c>CAUR_TRUSTED_PROXIES</c> there names this machine.</summary>
/// <param name="Address">The client's address, behind the proxies that are trusted here; null over a local socket.</param>
/// <param name="Scheme">http or https.</param>
/// <param name="Host">The host that the client asked.</param>
/// <param name="RequestId">The request's id, under which the hub's log has it too.</param>
internal sealed record Caller(string? Address, string Scheme, string? Host, string RequestId)
{
    public static Caller Of(HttpContext context) => new(
        ClientAddress.Of(context)?.ToString(),
        context.Request.Scheme,
        context.Request.Host is { HasValue: true } host ? host.ToUriComponent() : null,
        context.TraceIdentifier);

    /// <summary>Says it to the hub.</summary>
    /// <param name="request">The request to it.</param>
    /// <param name="self">What this process is called in <c>Via</c>.</param>
    public void Introduce(HttpRequestMessage request, string self)
    {
        if (Address is not null)
        {
            PassedHeaders.Add(request, "X-Forwarded-For", Address);
        }

        PassedHeaders.Add(request, "X-Forwarded-Proto", Scheme);
        if (Host is not null)
        {
            PassedHeaders.Add(request, "X-Forwarded-Host", Host);
        }

        PassedHeaders.Add(request, RequestIds.Header, RequestId);
        PassedHeaders.Add(request, "Via", $"1.1 {self}");
    }
}
