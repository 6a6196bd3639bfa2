using Caur.Api.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;

namespace Caur.Api.Limits;

/// <summary>Cuts off who asks for an answer and does not take it. A follower of a live stream reads at its own speed, and is not.</summary>
internal sealed class SlowReaders(RequestDelegate next, IOptions<RequestLimits> limits)
{
    private readonly MinDataRate _rate = new(limits.Value.SlowestReader, limits.Value.SlowTime);

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(() =>
        {
            if (!LiveStreams.IsLive(context.Response) && context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            {
                rate.MinDataRate = _rate;
            }

            return Task.CompletedTask;
        });
        return next(context);
    }
}
