using System.Net;

namespace Caur.Tests.Front;

/// <summary>Makes of being told to come again, as while the hub is away, a connection that broke: whoever reads on does just that.</summary>
internal sealed class LaterHandler() : DelegatingHandler(new SocketsHttpHandler())
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        if (answer.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway)
        {
            answer.Headers.RetryAfter.ShouldNotBeNull();
            answer.Dispose();
            throw new HttpRequestException("later");
        }

        return answer;
    }
}
