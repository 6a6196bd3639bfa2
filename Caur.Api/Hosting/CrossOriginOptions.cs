using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;

namespace Caur.Api.Hosting;

/// <summary>Which web pages of others may ask this gateway from a browser.</summary>
public sealed class CrossOriginOptions
{
    /// <summary>The origins (<c>CAUR_CORS_ORIGINS</c>), as <c>https://farm.example.org</c>, or <c>*</c> alone for all. Default: none.</summary>
    public IList<string> Origins { get; } = [];

    /// <summary>True when all may.</summary>
    internal bool IsAny => Origins is ["*"];

    /// <summary>True for scheme, host and port, without a path.</summary>
    public static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && uri.GetLeftPart(UriPartial.Authority).Equals(text, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Refuses what cannot work.</summary>
internal sealed class CrossOriginOptionsValidator : IValidateOptions<CrossOriginOptions>
{
    public ValidateOptionsResult Validate(string? name, CrossOriginOptions options) =>
        !options.IsAny && options.Origins.FirstOrDefault(origin => !CrossOriginOptions.IsOrigin(origin)) is { } wrong
            ? ValidateOptionsResult.Fail($"CAUR_CORS_ORIGINS: '{wrong}' is no origin: https://host[:port] is wanted, without a path, or * alone")
            : ValidateOptionsResult.Success;
}

/// <summary>Makes the policy of the options. No credentials: a page presents a token itself, a browser presents none by its own.</summary>
internal sealed class CrossOriginPolicy(IOptions<CrossOriginOptions> options) : IConfigureOptions<CorsOptions>
{
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    public void Configure(CorsOptions cors) => cors.AddDefaultPolicy(policy =>
    {
        policy = options.Value.IsAny ? policy.AllowAnyOrigin() : policy.WithOrigins([.. options.Value.Origins]);
        policy.WithMethods("GET", "HEAD", "POST", "PUT", "DELETE")
            .WithHeaders("Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id", "Last-Event-ID", "Range")
            .WithExposedHeaders("X-Request-Id", "Retry-After", "Location", "Caur-Build", "Idempotency-Replayed", "Content-Range")
            .SetPreflightMaxAge(Remembered);
    });
}
