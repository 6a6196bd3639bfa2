using System.Globalization;
using Caur.Api.Auth;
using Caur.Api.Hosting;
using Caur.Api.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Caur.Api.Limits;

/// <summary>How many live answers each client reads: events, the hub's log, build logs.</summary>
public sealed class ClientStreams(IOptions<ClientLimits> limits)
{
    private const string RetryAfter = "30";

    private readonly ClientCounts _counts = new();

    /// <summary>One more for the client of a request, until what is returned is disposed of.</summary>
    /// <returns>Null when it has as many as it may: it was answered 429.</returns>
    internal async Task<IDisposable?> EnterAsync(HttpContext context)
    {
        var token = TokenIdentity.Of(context.User)?.Id;
        if (_counts.TryEnter(token is null ? $"address {ClientAddress.Client(context)}" : $"token {token}", limits.Value.Streams) is { } entered)
        {
            return entered;
        }

        context.Response.Headers.RetryAfter = RetryAfter;
        await Refusals.WriteAsync(
            context,
            StatusCodes.Status429TooManyRequests,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{limits.Value.Streams} streams and logs are open {(token is null ? "from this address without a token" : "with this token")}, and that is the most: close one"));
        return null;
    }
}
