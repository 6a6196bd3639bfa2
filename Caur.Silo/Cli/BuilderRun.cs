using System.CommandLine;
using Caur.Builder.Agents;
using Caur.Builder.Link;
using Caur.Silo.Builders;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;
using Caur.Silo.Settings;
using Caur.Silo.Ssh;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Cli;

/// <summary><c>caur builder</c> without a verb: an agent that joins a farm over a link.</summary>
internal static class BuilderRun
{
    private static readonly Option<int?> Slots = new("--slots") { Description = "How many builds run at the same time; by default one per two processors (CAUR_SLOTS)", HelpName = "N" };

    private static readonly Option<bool> Silo = new("--silo")
    {
        Description = "Join a cluster as a silo of it (CAUR_REDIS) instead of over a link: such a builder is trusted with everything (docs/cluster.md).",
    };

    private static readonly Option<string?> Config = new("--config") { Description = "With --silo: the farm's configuration file, as for 'caur database'", HelpName = "FILE" };

    private static readonly Option<bool> Once = new("--once") { Description = "Take one build, and end with it." };

    /// <summary>Lets the verb run one.</summary>
    public static void AddTo(Command command, CliContext context)
    {
        command.Add(CommonOptions.Server);
        command.Add(CommonOptions.Token);
        command.Add(CommonOptions.Data);
        command.Add(Slots);
        command.Add(Once);
        command.Add(Silo);
        command.Add(Config);
        command.SetAction((parse, cancellationToken) => RunAsync(parse, context, cancellationToken));
    }

    private static async Task<int> RunAsync(ParseResult parse, CliContext context, CancellationToken cancellationToken)
    {
        foreach (var note in FarmVariables.Notes(context.Variable, Readers.Builder))
        {
            await context.Error.WriteLineAsync($"caur builder: note: {note}");
        }

        var server = CommonOptions.Address(OfWebSocket(parse.GetValue(CommonOptions.Server) ?? context.Variable("CAUR_URL") ?? CommonOptions.DefaultServer));
        await using var route = CommonOptions.Tunnel(server, context) is { } tunnel ? new SshRoute(tunnel, context.Time) : null;
        try
        {
            var settings = Read(parse, context, server, route);
            using var host = parse.GetValue(Silo) ? await BuildSiloAsync(parse, context, settings) : BuilderHost.Build(settings);
            return await RunAsync(host, context, cancellationToken);
        }
        catch (HubSettingsException wrong)
        {
            throw new FarmException(ExitCodes.Usage, wrong.Message, wrong);
        }
        catch (OptionsValidationException wrong)
        {
            throw new FarmException(ExitCodes.Usage, string.Join(Environment.NewLine, wrong.Failures), wrong);
        }
    }

    private static async Task<IHost> BuildSiloAsync(ParseResult parse, CliContext context, BuilderSettings settings)
    {
        var configuration = ConfigurationCheck.Run(parse.GetValue(Config), context.Variable, settings.DataFolder);
        foreach (var note in configuration.Notes)
        {
            await context.Error.WriteLineAsync($"caur builder: note: {note}");
        }

        if (configuration.Problems.Count > 0)
        {
            throw new HubSettingsException(configuration.ProblemText);
        }

        try
        {
            return BuilderSilo.Build(settings with { Variable = configuration.Variable }, ClusterSettings.Read(configuration.Variable));
        }
        catch (FormatException wrong)
        {
            throw new HubSettingsException(wrong.Message);
        }
    }

    private static async Task<int> RunAsync(IHost host, CliContext context, CancellationToken cancellationToken)
    {
        try
        {
            await host.StartAsync(cancellationToken);
            var agent = host.Services.GetServices<IHostedService>().OfType<BuilderAgent>().Single();

            // It ends by itself after --once, and when it cannot work at all.
            await Task.WhenAny(agent.ExecuteTask!, host.WaitForShutdownAsync(cancellationToken));
            await HostEnd.StopAsync(host, "builder");
            if (agent.ExecuteTask is { IsFaulted: true, Exception: { } failure })
            {
                await context.Error.WriteLineAsync($"caur: {failure.InnerException!.Message}");
                return ExitCodes.Failed;
            }

            return ExitCodes.Ok;
        }
        finally
        {
            await HostEnd.DisposeAsync(host, "builder");
        }
    }

    private static BuilderSettings Read(ParseResult parse, CliContext context, Uri server, SshRoute? route)
    {
        var problems = BuilderSettings.Problems(context.Variable).ToList();
        var slots = parse.GetValue(Slots);
        if (slots is < 1 or > 1000)
        {
            problems.Add($"--slots must be from 1 to 1000, not {slots}");
        }

        var file = context.Variable("CAUR_TOKEN_FILE");
        var token = parse.GetValue(CommonOptions.Token) ?? context.Variable("CAUR_TOKEN");
        if (token is not null && file is not null)
        {
            problems.Add("a token is given, and CAUR_TOKEN_FILE is set too; one of them has to go");
        }
        else if (file is not null && SecretFile.Read(file, out var problem) is null)
        {
            problems.Add($"CAUR_TOKEN_FILE: {problem}");
        }
        else if (token is null && file is null)
        {
            problems.Add("a builder wants a token: 'caur token create --role builder --name NAME' on the hub's machine makes one for CAUR_TOKEN or a file that CAUR_TOKEN_FILE names, and NAME is this machine's name or BUILDER_HOSTNAME");
        }

        if (problems.Count > 0)
        {
            throw new FarmException(ExitCodes.Usage, string.Join(Environment.NewLine, problems));
        }

        var carrier = Carrier(context);
        var asked = slots ?? BuilderSettings.Number(context.Variable, "CAUR_SLOTS") ?? BuilderSettings.DefaultSlots;
        return new BuilderSettings
        {
            DataFolder = parse.DataFolder(context),
            Slots = Math.Max(1, asked),
            Once = parse.GetValue(Once),
            Variable = context.Variable,
            Link = new LinkAgentOptions
            {
                Gateway = server,
                Token = () => token ?? SecretFile.Read(file!, out _),
                Carrier = carrier,
                Connect = route is null ? null : route.ConnectAsync,
                NoAnswer = route is null ? null : route.GiveUp,
                ConnectWithin = TimeSpan.FromSeconds(5) + (route?.Options.OpenLimit ?? TimeSpan.Zero),
            },
        };
    }

    private static SftpCarrier Carrier(CliContext context)
    {
        try
        {
            return new SftpCarrier(SftpOptions.Read(context.Variable), context.Time);
        }
        catch (FormatException wrong)
        {
            throw new FarmException(ExitCodes.Usage, wrong.Message, wrong);
        }
    }

    private static string OfWebSocket(string address) =>
        address.StartsWith("ws://", StringComparison.Ordinal) ? $"http{address[2..]}"
        : address.StartsWith("wss://", StringComparison.Ordinal) ? $"https{address[3..]}"
        : address;
}
