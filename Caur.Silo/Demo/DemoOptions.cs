using System.Security.Cryptography;
using System.Text;

namespace Caur.Silo.Demo;

/// <summary>What the demo was told.</summary>
internal sealed record DemoOptions
{
    /// <summary>Everything of the demo; null for a folder of this user, which a later demo finds warm.</summary>
    public string? Folder { get; init; }

    /// <summary>A git repository, or a plain folder of package folders; null for the samples.</summary>
    public string? Source { get; init; }

    /// <summary>The farm goes on when the demo has ended.</summary>
    public bool Keep { get; init; }

    /// <summary>The hub's port; null for 8080, or another one when that is taken and nobody will come back to it.</summary>
    public int? Port { get; init; }

    /// <summary>How many builders there are, as processes of their own; 0 for the one in the hub.</summary>
    public int Builders { get; init; }

    /// <summary>How long the builds may take altogether.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(15);
}

/// <summary>Where the demo keeps what.</summary>
internal sealed record DemoFolders(string Root)
{
    /// <summary>The farm's data folder.</summary>
    public string Farm => Path.Combine(Root, "farm");

    /// <summary>The git repository that is made of a plain folder.</summary>
    public string Source => Path.Combine(Root, "source");

    /// <summary>What the hub says.</summary>
    public string HubLog => Path.Combine(Root, "hub.log");

    /// <summary>Which process the hub is.</summary>
    public string HubRecord => Path.Combine(Root, "hub.json");

    /// <summary>Held by the demo that works here.</summary>
    public string Lock => Path.Combine(Root, "lock");

    /// <summary>The folder named, or one of this user: the same each time, and another one for each source.</summary>
    public static DemoFolders Choose(DemoOptions options, Func<string, string?> variable)
    {
        if (options.Folder is { } named)
        {
            return new DemoFolders(Path.GetFullPath(named));
        }

        var suffix = options.Source is null ? "" : $"-{Short(options.Source)}";
        if (Environment.IsPrivilegedProcess)
        {
            return new DemoFolders($"/var/lib/caur-demo{suffix}");
        }

        var cache = variable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return new DemoFolders(Path.Combine(cache, "caur", $"demo{suffix}"));
    }

    private static string Short(string source) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)))[..8];
}
