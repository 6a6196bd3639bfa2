using Caur.Tests.Mirrors;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Containers;

/// <summary>The files of deploy/nginx, as nginx reads them in its <c>http</c> block.</summary>
internal static class NginxSite
{
    public static string Folder { get; } = Path.Combine(SourceTree.Root, "deploy", "nginx");

    /// <summary>What all sites share and one of them, with this gateway for the one that they name. Snippets are included by nginx itself.</summary>
    public static async Task<string> ReadAsync(string site, Uri gateway)
    {
        var shared = await File.ReadAllTextAsync(Path.Combine(Folder, "conf.d", "caur.conf"));
        var own = await File.ReadAllTextAsync(Path.Combine(Folder, "sites", site));
        return shared.With("server 127.0.0.1:8080;", $"server {gateway.Authority};") + own;
    }
}
