namespace Caur.Builder.Attempts;

/// <summary>How attempts are run and ended.</summary>
public sealed class AttemptOptions
{
    /// <summary>The exit code that means "skipped on purpose", unless the order's environment names another one; the manual's
    /// <c>CI_CODE_SKIP</c>. Default: 123.</summary>
    public int SkipCode { get; set; } = 123;

    /// <summary>A slow builder's longer wall time; the manual's <c>BUILDER_TIMEOUT</c>. An order that allows more keeps it.
    /// Default: zero, what the order says.</summary>
    public TimeSpan TimeoutAtLeast { get; set; }

    /// <summary>What a build that took too long gets before the cancel ladder, after SIGUSR1: its <c>on-failure.sh</c> runs then.
    /// Default: 30 s.</summary>
    public TimeSpan TimeoutGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The first step of the cancel ladder: how long after SIGINT comes SIGTERM. Default: 7.5 s.</summary>
    public TimeSpan InterruptGrace { get; set; } = TimeSpan.FromSeconds(7.5);

    /// <summary>The second step: how long after SIGTERM comes SIGKILL. Default: 2.5 s.</summary>
    public TimeSpan TerminateGrace { get; set; } = TimeSpan.FromSeconds(2.5);

    /// <summary>How long after SIGKILL the container counts as stuck and is removed by force. Default: 10 s.</summary>
    public TimeSpan KillGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the rest of the output may take after the container ended. Not part of any grace. Default: 15 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the upload of one archive may take. Default: 1 hour.</summary>
    public TimeSpan UploadTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How often an archive is sent again that the far side says it did not store. Default: 3.</summary>
    public int UploadRetries { get; set; } = 3;

    /// <summary>How long the sources of a package are kept without being used. The manual says a month. Default: 30 days.</summary>
    public TimeSpan KeepSources { get; set; } = TimeSpan.FromDays(30);

    /// <summary>What could not work, said as <c>Option must ...</c>.</summary>
    internal IEnumerable<string> Problems()
    {
        if (SkipCode is < 1 or > 255 or 13 or (>= 120 and <= 122) or 124)
        {
            yield return $"{nameof(AttemptOptions)}.{nameof(SkipCode)} (CI_CODE_SKIP) must be from 1 to 255 and none of 13, 120, 121, 122, 124, which mean something else";
        }

        TimeSpan[] graces = [TimeoutAtLeast, TimeoutGrace, InterruptGrace, TerminateGrace, KillGrace, DrainTimeout, KeepSources];
        if (graces.Any(g => g < TimeSpan.Zero) || UploadTimeout <= TimeSpan.Zero)
        {
            yield return $"{nameof(AttemptOptions)}: graces and timeouts must not be negative, and {nameof(UploadTimeout)} must be more than zero";
        }

        if (UploadRetries < 0)
        {
            yield return $"{nameof(AttemptOptions)}.{nameof(UploadRetries)} must not be negative";
        }
    }
}
