using Microsoft.Extensions.Options;

namespace Caur.Api.Idempotency;

/// <summary>How long and how many answers to writes with an <c>Idempotency-Key</c> are kept.</summary>
public sealed class IdempotencyOptions
{
    /// <summary>How long a key stands for its answer. Default: 24 hours.</summary>
    public TimeSpan Keep { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How many keys are kept (<c>CAUR_IDEMPOTENCY_KEYS</c>); the oldest go first. Default: 10,000.</summary>
    public int Keys { get; set; } = 10_000;

    /// <summary>All answers together, in bytes; the oldest go first. Default: 256 MiB.</summary>
    public long Bytes { get; set; } = 256L << 20;

    /// <summary>The largest answer that is kept, in bytes. A write with a larger one is carried out again under the same operation id, which
    /// changes nothing twice. Default: 8 MiB.</summary>
    public int AnswerBytes { get; set; } = 8 << 20;

    /// <summary>How long a request waits for another with the same key before it is told to ask again. Default: 10 seconds.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>Refuses what cannot work.</summary>
internal sealed class IdempotencyOptionsValidator : IValidateOptions<IdempotencyOptions>
{
    public ValidateOptionsResult Validate(string? name, IdempotencyOptions options) => options switch
    {
        { Keys: < 1 or > 1_000_000 } => ValidateOptionsResult.Fail("CAUR_IDEMPOTENCY_KEYS must be from 1 to 1000000"),
        { Bytes: < 1 } or { AnswerBytes: < 1 } => ValidateOptionsResult.Fail("idempotency keys must have room for an answer"),
        _ when options.Keep <= TimeSpan.Zero || options.Patience <= TimeSpan.Zero =>
            ValidateOptionsResult.Fail("idempotency keys must be kept, and waited for, longer than no time"),
        _ => ValidateOptionsResult.Success,
    };
}
