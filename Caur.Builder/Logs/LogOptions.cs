using Caur.Protocol.Builders;

namespace Caur.Builder.Logs;

/// <summary>How the output of builds travels.</summary>
public sealed class LogOptions
{
    /// <summary>How long the first byte of a chunk waits for company. Shortened at random by up to a half. Default: 50 ms,
    /// so that a line is on the screens of its readers within 100 ms.</summary>
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Bytes kept in memory per attempt: what is not acknowledged yet, and for the rest what was last sent. When all of it is
    /// unacknowledged, the container waits. Default: 1 MiB.</summary>
    public int WindowBytes { get; set; } = 1024 * 1024;

    /// <summary>Where a log ends, in bytes; what a container says beyond it is counted and dropped. Default: 1 GiB.</summary>
    public long MaxBytes { get; set; } = 1L << 30;

    /// <summary>How long one call to the session may take before it is repeated. Default: 30 s.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What could not work, said as <c>Option must ...</c>.</summary>
    internal IEnumerable<string> Problems()
    {
        if (FlushInterval <= TimeSpan.Zero)
        {
            yield return $"{nameof(LogOptions)}.{nameof(FlushInterval)} must be more than zero";
        }

        if (WindowBytes < 2 * LogChunk.MaxBytes)
        {
            yield return $"{nameof(LogOptions)}.{nameof(WindowBytes)} must be at least {2 * LogChunk.MaxBytes}, two chunks";
        }

        if (MaxBytes < LogChunk.MaxBytes)
        {
            yield return $"{nameof(LogOptions)}.{nameof(MaxBytes)} must be at least {LogChunk.MaxBytes}";
        }

        if (CallTimeout <= TimeSpan.Zero)
        {
            yield return $"{nameof(LogOptions)}.{nameof(CallTimeout)} must be more than zero";
        }
    }
}
