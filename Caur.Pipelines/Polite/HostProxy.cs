using System.Net;

namespace Caur.Pipelines.Polite;

/// <summary>
/// A proxy for some hosts alone: <c>CI_AUR_PROXY</c>, which is meant for the AUR and for nobody else. Name and password in its address are for
/// the proxy and appear nowhere else.
/// </summary>
internal sealed class HostProxy : IWebProxy
{
    private static readonly string[] Schemes = ["http", "https", "socks4", "socks4a", "socks5"];

    private readonly Uri _address;
    private readonly HashSet<string> _hosts;

    private HostProxy(Uri address, IEnumerable<string> hosts)
    {
        // With its user, which git is told by a variable and HttpClient by credentials.
        Address = address.OriginalString;
        _address = new UriBuilder(address) { UserName = "", Password = "" }.Uri;
        _hosts = new HashSet<string>(hosts, StringComparer.OrdinalIgnoreCase);
        if (address.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var rest])
        {
            var credential = new NetworkCredential(Uri.UnescapeDataString(user), rest is [var password] ? Uri.UnescapeDataString(password) : "");
            Credentials = new CredentialCache { { _address, "Basic", credential }, { _address, "Digest", credential } };
        }
    }

    /// <summary>The address as it was given, perhaps with name and password: for the environment of a program, never for a log.</summary>
    public string Address { get; }

    public ICredentials? Credentials { get; set; }

    /// <param name="value">What <c>CI_AUR_PROXY</c> says.</param>
    /// <param name="hosts">Who is asked through it.</param>
    /// <param name="problem">What is wrong with the value.</param>
    /// <returns>Null when there is to be none, or when the value is wrong.</returns>
    public static HostProxy? Parse(string? value, IEnumerable<string> hosts, out string? problem)
    {
        problem = null;
        if (string.IsNullOrWhiteSpace(value))
        {
            return null;
        }

        // curl takes an address without a scheme for an http proxy.
        var text = value.Contains("://", StringComparison.Ordinal) ? value : $"http://{value}";
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && Schemes.Contains(uri.Scheme, StringComparer.Ordinal) && uri.Host.Length > 0)
        {
            return new HostProxy(uri, hosts);
        }

        problem = $"CI_AUR_PROXY is no address of a proxy: {Shown.Short(text)}";
        return null;
    }

    /// <summary>Whether a host is asked through the proxy.</summary>
    public bool IsFor(string host) => _hosts.Contains(host);

    /// <summary>For other hosts, what the environment says (<c>https_proxy</c>) stays as it is.</summary>
    public Uri? GetProxy(Uri destination) => IsFor(destination.IdnHost) ? _address : HttpClient.DefaultProxy.GetProxy(destination);

    public bool IsBypassed(Uri host) => !IsFor(host.IdnHost) && HttpClient.DefaultProxy.IsBypassed(host);

    /// <summary>A client that asks those hosts through the proxy.</summary>
    public static HttpClient Client(HostProxy? proxy) => new(new SocketsHttpHandler
    {
        Proxy = proxy,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        ConnectTimeout = TimeSpan.FromSeconds(20),
        MaxAutomaticRedirections = 5,
    })
    {
        // Every request has a limit of its own.
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
