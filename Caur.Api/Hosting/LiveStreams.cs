using Microsoft.AspNetCore.Http;

namespace Caur.Api.Hosting;

/// <summary>Answers that go on for as long as something happens: live logs and server-sent events.</summary>
internal static class LiveStreams
{
    /// <summary>True for one, by what the route itself says to reverse proxies, or by its type. To be asked when the headers are set.</summary>
    public static bool IsLive(HttpResponse response) =>
        response.Headers["X-Accel-Buffering"] == "no"
        || response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;
}
