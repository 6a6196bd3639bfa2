using System.Globalization;
using Microsoft.Extensions.Options;

namespace Caur.Api.Limits;

/// <summary>How many requests one token, or one address without a token, may send. What pacman downloads, logs and probes are not counted.</summary>
public sealed class RateLimits
{
    /// <summary>Reading, per token or address (<c>CAUR_RATE_READ</c>). Default: 30,000 a minute, 5,000 at once.</summary>
    public Rate Reading { get; set; } = new(30_000, 5_000);

    /// <summary>Writing, per token (<c>CAUR_RATE_WRITE</c>). Default: 3,000 a minute, 500 at once.</summary>
    public Rate Writing { get; set; } = new(3_000, 500);

    /// <summary>Writing without a token, and requests with a wrong one, per address (<c>CAUR_RATE_ANONYMOUS</c>): all of them are refused
    /// anyway. Default: 300 a minute, 100 at once.</summary>
    public Rate Anonymous { get; set; } = new(300, 100);
}

/// <summary>A rate.</summary>
/// <param name="PerMinute">How many a minute in the long run; 0 for any number.</param>
/// <param name="AtOnce">How many at once after a pause; 1 or more.</param>
public readonly record struct Rate(int PerMinute, int AtOnce)
{
    /// <summary>How a rate is written, for people.</summary>
    public const string Form = "0 for no limit, or so many a minute and so many at once, as 3000/500";

    /// <summary>Reads <c>PER_MINUTE</c> or <c>PER_MINUTE/AT_ONCE</c>; alone, a sixth of it may come at once.</summary>
    public static bool TryParse(string text, out Rate rate)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/');
        var atOnce = 0;
        var isRate = int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var perMinute)
            && (parts.Length == 1
                || (parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out atOnce) && atOnce > 0));
        rate = isRate ? new Rate(perMinute, parts.Length == 2 ? atOnce : Math.Max(1, perMinute / 6)) : default;
        return isRate;
    }
}

/// <summary>Refuses what cannot work.</summary>
internal sealed class RateLimitsValidator : IValidateOptions<RateLimits>
{
    public ValidateOptionsResult Validate(string? name, RateLimits options)
    {
        foreach (var (variable, rate) in new[]
        {
            ("CAUR_RATE_READ", options.Reading), ("CAUR_RATE_WRITE", options.Writing), ("CAUR_RATE_ANONYMOUS", options.Anonymous),
        })
        {
            if (rate.PerMinute < 0 || rate.AtOnce < 1)
            {
                return ValidateOptionsResult.Fail($"{variable} must be {Rate.Form}");
            }
        }

        return ValidateOptionsResult.Success;
    }
}
