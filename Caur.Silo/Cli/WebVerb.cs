using System.CommandLine;
using System.Globalization;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;
using Caur.Silo.Settings;
using Caur.Silo.Ssh;
using Caur.Silo.Web;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Cli;

/// <summary><c>caur web</c>: the gateway from another process, in front of the hub's own.</summary>
internal static class WebVerb
{
    private const string Description =
        """
        Serves a hub's gateway from this machine: logs, files and reads cached, all else passed on.

        It holds no token and no key: what clients present goes on to the hub at --server, which decides. CAUR_TRUSTED_PROXIES of the hub has to name
        this machine, so that it sees for whom it is asked (docs/running.md, "In front of the hub").
        """;

    private static readonly Option<int?> Port = new("--web-port") { Description = "The port on all addresses, 8080 by default; 0 takes a free one (CAUR_WEB_PORT)", HelpName = "N" };

    private static readonly Option<string?> Data = CommonOptions.Folder(
        "--data", "The cache is in 'web-cache' in this folder. Default: CAUR_DATA, else /var/lib/caur for root and ~/.local/share/caur for others.");

    private static readonly Option<bool> Cluster = new("--cluster")
    {
        Description = "A gateway of the cluster that CAUR_REDIS names, beside its data folder, instead of one in front of a hub (docs/cluster.md).",
    };

    private static readonly Option<string?> Config = new("--config") { Description = "With --cluster: the farm's configuration file, as for 'caur database'", HelpName = "FILE" };

    public static Command Create(CliContext context)
    {
        var command = new Command("web", Description) { CommonOptions.Server, Port, Data, Cluster, Config };
        command.SetAction((parse, cancellationToken) => RunAsync(parse, context, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CliContext context, CancellationToken cancellationToken)
    {
        if (parse.GetValue(Cluster))
        {
            return await DatabaseVerb.RunAsync(
                "web", new DatabaseVerb.Arguments(parse.GetValue(Port), parse.GetValue(Data), 0, parse.GetValue(Config)) { IsGateway = true }, context.Variable, cancellationToken);
        }

        foreach (var note in FarmVariables.Notes(context.Variable, Readers.Web))
        {
            await context.Error.WriteLineAsync($"caur web: note: {note}");
        }

        var server = CommonOptions.Address(parse.GetValue(CommonOptions.Server) ?? context.Variable("CAUR_URL") ?? CommonOptions.DefaultServer);
        await using var route = CommonOptions.Tunnel(server, context) is { } tunnel ? new SshRoute(tunnel, context.Time) : null;
        var settings = Read(parse.GetValue(Port), parse.GetValue(Data), context.Variable, server) with { Route = route };
        try
        {
            await using var app = FrontHost.Build(settings);
            await app.StartAsync(cancellationToken);
            await context.Error.WriteLineAsync($"caur web: serves {server} at {string.Join(", ", app.Urls)}, with its cache in {settings.CacheFolder}");
            await app.WaitForShutdownAsync(cancellationToken);
            return ExitCodes.Ok;
        }
        catch (Exception wrong) when (wrong is HubSettingsException or OptionsValidationException or IOException or UnauthorizedAccessException)
        {
            throw new FarmException(ExitCodes.Usage, wrong.Message, wrong);
        }
    }

    /// <summary>Settings of arguments and environment.</summary>
    /// <exception cref="FarmException">Something is wrong; the message has a line for each problem.</exception>
    internal static WebSettings Read(int? port, string? data, Func<string, string?> variable, Uri server)
    {
        var problems = SettingTable.OfWeb
            .SelectMany(setting => setting.Variables.Select(name => (Setting: setting, Name: name, Text: variable(name))))
            .Where(static one => one.Text is { Length: > 0 })
            .Select(static one => one.Setting.Kind.Problem(one.Text!) is { } allowed ? $"{one.Name} must be {allowed}, not '{Shown.Text(one.Text!)}'" : null)
            .OfType<string>()
            .Concat(port is < 0 or > 65535 ? [$"--web-port must be from 0 to 65535, not {port}"] : [])
            .ToList();
        if (problems.Count > 0)
        {
            throw new FarmException(ExitCodes.Usage, string.Join(Environment.NewLine, problems));
        }

        return new WebSettings
        {
            Server = server,
            WebPort = port ?? (variable("CAUR_WEB_PORT") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 8080),
            CacheFolder = Path.Combine(Path.GetFullPath(data ?? DataFolderDefault.Get(variable)), "web-cache"),
            Variable = variable,
        };
    }
}
