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
public readonly record struct Rate(int PerMinute, int AtOnce);

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
                return ValidateOptionsResult.Fail($"{variable} must be 0, or so many a minute and so many at once, as 3000/500");
            }
        }

        return ValidateOptionsResult.Success;
    }
}
