namespace Caur.Builder.Images;

/// <summary>When images are pulled.</summary>
public sealed class ImageOptions
{
    /// <summary>How long a pulled image counts as fresh. Default: 2 hours.</summary>
    public TimeSpan RefreshAfter { get; set; } = TimeSpan.FromHours(2);

    /// <summary>How long after a pull that failed the next one is tried, when the image is here anyway. Default: 10 minutes.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a pull may take. Default: 30 minutes.</summary>
    public TimeSpan PullTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>What could not work, said as <c>Option must ...</c>.</summary>
    internal IEnumerable<string> Problems()
    {
        if (RefreshAfter < TimeSpan.Zero || RetryAfter < TimeSpan.Zero)
        {
            yield return $"{nameof(ImageOptions)}.{nameof(RefreshAfter)} and {nameof(RetryAfter)} must not be negative";
        }

        if (PullTimeout <= TimeSpan.Zero)
        {
            yield return $"{nameof(ImageOptions)}.{nameof(PullTimeout)} must be more than zero";
        }
    }
}
