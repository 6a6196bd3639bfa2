using System.Text;
using System.Text.RegularExpressions;

namespace Caur.Pipelines.Pushes;

/// <summary>How the other side is asked not to start CI for a push.</summary>
internal enum CiSkip
{
    /// <summary>It is not: CI shall start.</summary>
    No,

    /// <summary><c>[skip ci]</c> behind the commit's subject, which GitHub, GitLab and Gitea know.</summary>
    Marker,

    /// <summary>Push option <c>ci.skip</c>, which GitLab knows, and which others may refuse.</summary>
    PushOption,
}

/// <summary>How somebody comes in by SSH.</summary>
/// <param name="KeyFile">The private key, readable by this user alone.</param>
/// <param name="KnownHosts">The file that has to hold the server's key. No other is trusted.</param>
internal sealed record SshLogin(string KeyFile, string KnownHosts);

/// <summary>
/// Where commits are pushed, and as whom. A secret reaches git by its environment only: for HTTP as a header for this host alone (with
/// redirections off), for SSH as the name of a file. The address that stands on command lines and in messages has no user and password in it.
/// </summary>
internal sealed partial class GitRemote
{
    private readonly string? _header;
    private readonly IReadOnlyList<string> _secrets;
    private readonly SshLogin? _ssh;

    private GitRemote(string url, string? header, IReadOnlyList<string> secrets, SshLogin? ssh) => (Url, _header, _secrets, _ssh) = (url, header, secrets, ssh);

    /// <summary>Without user and password where it is a web address.</summary>
    public string Url { get; }

    /// <summary>A remote at an address.</summary>
    /// <param name="url">http, https, ssh, git, file, <c>user@host:path</c> or an absolute path. A password in it counts as the token.</param>
    /// <param name="token">A token for http and https; null for none or the one in the address.</param>
    /// <param name="user">The token's user; null for the address' or <c>oauth2</c>, which GitLab and GitHub take with any token.</param>
    /// <param name="ssh">For ssh; null for how this user comes in.</param>
    /// <exception cref="FormatException">git would take the address for an option or for a command to run.</exception>
    public static GitRemote Of(string url, string? token = null, string? user = null, SshLogin? ssh = null)
    {
        if (!Allowed().IsMatch(url) || url.Any(char.IsControl))
        {
            throw new FormatException($"'{Shown(url)}' is no address that git could push to");
        }

        if (!url.StartsWith("http", StringComparison.OrdinalIgnoreCase) || !Uri.TryCreate(url, UriKind.Absolute, out var uri))
        {
            return new GitRemote(url, null, [], ssh);
        }

        var parts = uri.UserInfo.Split(':', 2);
        var (name, password) = (Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : null);
        var secret = token ?? password;
        var plain = new UriBuilder(uri) { UserName = "", Password = "" }.Uri.ToString();
        if (secret is null)
        {
            return new GitRemote(plain, null, [], null);
        }

        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user ?? (name.Length > 0 ? name : "oauth2")}:{secret}"));
        return new GitRemote(plain, $"Authorization: Basic {basic}", [secret, basic], null);
    }

    /// <summary>A text of git's without the secrets, and without users and passwords in addresses.</summary>
    public string Cleared(string text)
    {
        foreach (var secret in _secrets.Where(secret => secret.Length > 0))
        {
            text = text.Replace(secret, "***", StringComparison.Ordinal);
        }

        return Shown(text);
    }

    /// <summary>Variables for git, settings as <c>GIT_CONFIG_*</c> among them.</summary>
    internal Dictionary<string, string?> Variables()
    {
        var settings = new List<(string Key, string Value)>
        {
            // What is in a clone is data: its owner does not matter, and it runs nothing.
            ("safe.directory", "*"), ("core.hooksPath", "/dev/null"), ("core.fsmonitor", "false"), ("credential.helper", ""), ("gc.auto", "0"),
        };
        if (_header is not null)
        {
            // A checkout may have left another's password; an empty value forgets what stood before.
            var key = $"http.{new Uri(Url).GetLeftPart(UriPartial.Authority)}/.extraHeader";
            settings.AddRange([(key, ""), (key, _header)]);
            settings.Add(("http.followRedirects", "false"));
        }

        var variables = new Dictionary<string, string?>
        {
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_ASKPASS"] = null,
            ["SSH_ASKPASS"] = null,
            ["SSH_ASKPASS_REQUIRE"] = "never",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_CONFIG_PARAMETERS"] = null,
            ["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh",
            ["LC_ALL"] = "C",
            ["GIT_CONFIG_COUNT"] = settings.Count.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["GIT_SSH_VARIANT"] = "ssh",
            ["GIT_SSH_COMMAND"] = SshCommand(),
        };
        for (var at = 0; at < settings.Count; at++)
        {
            variables[$"GIT_CONFIG_KEY_{at}"] = settings[at].Key;
            variables[$"GIT_CONFIG_VALUE_{at}"] = settings[at].Value;
        }

        // They would lead git elsewhere, or have it write headers down.
        foreach (var name in (string[])["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE",
            "GIT_QUARANTINE_PATH", "GIT_CURL_VERBOSE", "GIT_TRACE", "GIT_TRACE_CURL", "GIT_TRACE_PACKET", "GIT_TRACE_SETUP", "GIT_TRACE2", "GIT_TRACE2_EVENT",
            "GIT_TRACE2_PERF", "GIT_TRACE_REDACT", "GIT_SSH", "GIT_PROXY_COMMAND", "GIT_EXEC_PATH", "GIT_CONFIG"])
        {
            variables[name] = null;
        }

        return variables;
    }

    /// <summary>For the shell that git runs it with.</summary>
    private string SshCommand()
    {
        var options = "ssh -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -o ControlMaster=no -o ControlPath=none"
            + " -o ForwardAgent=no -o PermitLocalCommand=no";
        return _ssh is null ? options
            : $"{options} -F /dev/null -i {Quoted(_ssh.KeyFile)} -o IdentitiesOnly=yes -o IdentityAgent=none -o StrictHostKeyChecking=yes"
                + $" -o UserKnownHostsFile={Quoted(_ssh.KnownHosts)} -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no";
    }

    private static string Quoted(string path) => $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Shown(string text) => UserInfo().Replace(text, "$1");

    [GeneratedRegex(@"^(?:(?:https?|ssh|git|file)://[^-\s][^\s]*|/.*|(?:[A-Za-z0-9._][A-Za-z0-9._-]*@)?[A-Za-z0-9.][A-Za-z0-9.-]*:(?!//)[^-:\s][^\s]*)$", RegexOptions.IgnoreCase)]
    private static partial Regex Allowed();

    [GeneratedRegex(@"([a-z][a-z0-9+.-]*://)[^/@\s]+@", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex UserInfo();
}
