using System.Globalization;
using System.Threading.RateLimiting;
using Caur.Api.Auth;
using Caur.Api.Hosting;
using Caur.Api.Problems;
using Caur.Api.Writes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Api.Limits;

/// <summary>Counts requests per token, or per address where there is none, and refuses too many with 429. It stands behind the
/// authentication and before the authorization, so that guessing counts.</summary>
internal static class RateLimiting
{
    public static IServiceCollection AddRateLimits(this IServiceCollection services)
    {
        services.AddOptions<RateLimits>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<RateLimits>, RateLimitsValidator>();
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<RateLimits>>((limiter, limits) =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => Partition(context, limits.Value));
            limiter.OnRejected = static (rejected, _) => RefuseAsync(rejected);
        });
        return services;
    }

    private static RateLimitPartition<string> Partition(HttpContext context, RateLimits limits)
    {
        if (IsFree(context.Request.Path))
        {
            return RateLimitPartition.GetNoLimiter("");
        }

        var token = TokenIdentity.Of(context.User)?.Id;
        var (kind, rate) = WriteRequests.IsWrite(context.Request.Method) || WrongToken.IsShown(context)
            ? token is null ? ("anonymous", limits.Anonymous) : ("write", limits.Writing)
            : ("read", limits.Reading);
        var who = token is null ? $"address {ClientAddress.Client(context)}" : $"token {token}";
        return rate.PerMinute == 0
            ? RateLimitPartition.GetNoLimiter("")
            : RateLimitPartition.GetTokenBucketLimiter($"{kind} {who}", _ => Bucket(rate));
    }

    /// <summary>Downloads of packages, which come in hundreds, logs, which stay open, and probes, which must not fail for that.</summary>
    private static bool IsFree(PathString path) =>
        path.StartsWithSegments("/repos") || path.StartsWithSegments("/api/logs") || path.StartsWithSegments("/health");

    internal static TokenBucketRateLimiterOptions Bucket(Rate rate)
    {
        // About once a second, and exactly so many a minute: 100 are not 60.
        var tokens = (int)Math.Ceiling(rate.PerMinute / 60.0);
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = rate.AtOnce,
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromMinutes((double)tokens / rate.PerMinute),
            QueueLimit = 0,
            AutoReplenishment = true,
        };
    }

    private static async ValueTask RefuseAsync(OnRejectedContext rejected)
    {
        var after = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var given) ? given : TimeSpan.FromSeconds(1);
        var seconds = Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        rejected.HttpContext.Response.Headers.RetryAfter = seconds;
        await Refusals.WriteAsync(
            rejected.HttpContext,
            StatusCodes.Status429TooManyRequests,
            $"too many requests came with this token, or from this address without one: ask again in {seconds} s. Nothing was done");
    }
}
