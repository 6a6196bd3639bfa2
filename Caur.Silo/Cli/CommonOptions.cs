using System.CommandLine;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;
using Caur.Silo.Ssh;

namespace Caur.Silo.Cli;

/// <summary>The options that several verbs share, and what they mean when they are not given.</summary>
internal static class CommonOptions
{
    public const string DefaultServer = "http://localhost:8080";

    /// <summary>Where the hub writes its first admin token, in its data folder.</summary>
    public const string AdminTokenFile = "admin.token";

    public static Option<string?> Server { get; } = new("--server")
    {
        Description = $"The hub's address. Default: CAUR_URL, else {DefaultServer}.",
        HelpName = "URL",
    };

    public static Option<string?> Token { get; } = new("--token")
    {
        Description = $"The token to present. Default: CAUR_TOKEN, else, for a hub on this machine, <data folder>/{AdminTokenFile}.",
        HelpName = "TOKEN",
    };

    public static Option<string?> Data { get; } = Folder(
        "--data", "The hub's data folder on this machine. Default: CAUR_DATA, else /var/lib/caur for root and ~/.local/share/caur for others.");

    public static Option<bool> Json { get; } = new("--json") { Description = "Print JSON for programs." };

    /// <summary>An option that names a folder: nothing names none, as <c>--data "$UNSET"</c>.</summary>
    public static Option<string?> Folder(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "DIR" };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var path }] && string.IsNullOrWhiteSpace(path))
            {
                result.AddError($"{name} wants a folder, and '{path}' is none.");
            }
        });
        return option;
    }

    /// <summary>A client for the hub that options and environment name.</summary>
    /// <param name="result">The options.</param>
    /// <param name="context">The environment and the clock.</param>
    /// <param name="tunnelled">The environment that may name a tunnel; null for the context's.</param>
    public static FarmClient Farm(this ParseResult result, CliContext context, Func<string, string?>? tunnelled = null)
    {
        var server = Address(result.GetValue(Server) ?? context.Variable("CAUR_URL") ?? DefaultServer);
        var token = result.GetValue(Token) ?? context.Variable("CAUR_TOKEN");
        var tunnel = Tunnel(server, tunnelled ?? context.Variable);

        if (token is null && MayReadToken(server, result.GetValue(Data) is not null, tunnel is not null))
        {
            token = ReadToken(Path.Combine(result.DataFolder(context), AdminTokenFile));
        }

        var http = new FarmHttp(server, token, context.Time, context.Orders, tunnel is null ? null : new SshRoute(tunnel, context.Time))
        {
            TraceParent = CliTrace.Caller(context),
        };
        return new FarmClient(http);
    }

    /// <summary>The hub's data folder, as a full path.</summary>
    public static string DataFolder(this ParseResult result, CliContext context) => Path.GetFullPath(
        result.GetValue(Data) ?? DataFolderDefault.Get(context.Variable));

    /// <summary>Whether the token in the data folder may be presented: it is this machine's hub's, and no other server is shown it unless
    /// somebody names both. At the far end of a tunnel, localhost is another machine.</summary>
    public static bool MayReadToken(Uri server, bool dataNamed, bool tunnelled = false) => (server.IsLoopback && !tunnelled) || dataNamed;

    /// <summary>The tunnel that the environment asks for; null for none.</summary>
    public static SshTunnelOptions? Tunnel(Uri server, CliContext context) => Tunnel(server, context.Variable);

    private static SshTunnelOptions? Tunnel(Uri server, Func<string, string?> variable)
    {
        try
        {
            return SshTunnelOptions.Read(variable, server.Host == "localhost" ? "127.0.0.1" : server.IdnHost, server.Port);
        }
        catch (FormatException wrong)
        {
            throw new FarmException(ExitCodes.Usage, wrong.Message, wrong);
        }
    }

    /// <summary>Reads a hub's address, or says what is wrong with it.</summary>
    public static Uri Address(string text)
    {
        var full = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        return Uri.TryCreate(full.TrimEnd('/') + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0
            ? WithoutUser(uri)
            : throw new FarmException(ExitCodes.Usage, $"'{Shown.Text(text)}' is no address of a hub: http://host:port is wanted (--server or CAUR_URL)");
    }

    /// <summary>A user's name and password in an address are sent to nobody, and no message is to show them.</summary>
    private static Uri WithoutUser(Uri uri) => uri.UserInfo.Length == 0 ? uri : new UriBuilder(uri) { UserName = "", Password = "" }.Uri;

    private static string? ReadToken(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() is { Length: > 0 } token ? token : null : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
