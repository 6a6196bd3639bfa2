using System.Globalization;

namespace Caur.Silo.Web;

/// <summary>How much a process in front of the hub keeps, and for how long.</summary>
internal sealed class WebOptions
{
    /// <summary>The most that files and logs take on the disk, in bytes (<c>CAUR_WEB_CACHE</c>, there in MiB). Default: 4096 MiB.</summary>
    public long CacheBytes { get; set; } = 4096L << 20;

    /// <summary>How long an answer counts without asking the hub. Default: one second.</summary>
    public TimeSpan FreshFor { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether an answer counts still. One from a time to come does not: the clock was set back.</summary>
    internal bool IsFresh(DateTimeOffset asked, DateTimeOffset now) => now >= asked && now - asked < FreshFor;

    /// <summary>How long making a connection to the hub may take. Default: five seconds.</summary>
    public TimeSpan ConnectWithin { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a log is followed that nobody reads any more. Default: 30 seconds.</summary>
    public TimeSpan LingerFor { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Takes what the environment says, which was checked before.</summary>
    public void ReadEnvironment(Func<string, string?> variable)
    {
        if (variable("CAUR_WEB_CACHE") is { Length: > 0 } mebibytes)
        {
            CacheBytes = long.Parse(mebibytes, CultureInfo.InvariantCulture) << 20;
        }
    }
}
