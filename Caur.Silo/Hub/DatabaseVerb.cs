using System.CommandLine;
using System.Globalization;
using Caur.Api.Health;
using Caur.Silo.Cli;
using Caur.Silo.Configuration;
using Caur.Silo.Settings;
using Caur.Storage.Files;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Caur.Silo.Hub;

/// <summary><c>caur database</c>: the farm, all in one.</summary>
internal static class DatabaseVerb
{
    public static Command Create()
    {
        var port = new Option<int?>("--web-port") { Description = "The gateway's port on all addresses, 8080 by default; 0 takes a free one (CAUR_WEB_PORT)" };
        var data = CommonOptions.Folder("--data", "The data folder (CAUR_DATA)");
        var slots = new Option<int?>("--slots") { Description = "How many builds run here at the same time; 0 for none (CAUR_SLOTS)" };
        var config = new Option<string?>("--config")
        {
            Description = $"The configuration file (CAUR_CONFIG); by default {ConfigurationFile.Name} in the data folder, else {ConfigurationFile.Shared}",
        };
        var command = new Command("database", "Runs the farm: queue, logs, repositories, gateway, and builds in this process")
        {
            port, data, slots, config,
        };
        command.SetAction((parse, cancellationToken) => RunAsync(
            "database",
            new Arguments(parse.GetValue(port), parse.GetValue(data), parse.GetValue(slots), parse.GetValue(config)),
            Environment.GetEnvironmentVariable,
            cancellationToken));
        return command;
    }

    /// <summary>Settings of arguments, environment and file; the first that says something counts.</summary>
    /// <exception cref="HubSettingsException">Something is wrong; the message has a line for each problem.</exception>
    internal static HubSettings Read(Arguments arguments, ConfigurationResult configuration)
    {
        var problems = configuration.Problems.Select(problem => problem.ToString()).ToList();
        if (arguments.WebPort is < 0 or > 65535)
        {
            problems.Add($"--web-port must be from 0 to 65535, not {arguments.WebPort}");
        }

        if (arguments.Slots is < 0 or > 1000)
        {
            problems.Add($"--slots must be from 0 to 1000, not {arguments.Slots}");
        }

        if (problems.Count > 0)
        {
            throw new HubSettingsException(
                problems.Count == 1 ? problems[0] : string.Join(Environment.NewLine, problems.Prepend($"{problems.Count} things are wrong:")));
        }

        var settings = new HubSettings
        {
            Variable = configuration.Variable,
            DataFolder = arguments.Data ?? DataFolderDefault.Get(configuration.Variable),
            WebPort = arguments.WebPort ?? Number("CAUR_WEB_PORT") ?? 8080,
        };
        var slots = arguments.Slots ?? Number("CAUR_SLOTS") ?? settings.Slots;
        return settings with { Slots = Math.Max(1, slots), RunAgent = slots > 0, IsGateway = arguments.IsGateway };

        int? Number(string name) => configuration.Variable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
    }

    /// <summary>Runs a hub, or a gateway of a cluster, to its end.</summary>
    internal static async Task<int> RunAsync(string verb, Arguments arguments, Func<string, string?> variable, CancellationToken cancellationToken)
    {
        HubSettings? settings = null;
        try
        {
            var configuration = ConfigurationCheck.Run(arguments.Config, variable, arguments.Data);
            foreach (var note in configuration.Notes)
            {
                await Console.Error.WriteLineAsync($"caur {verb}: note: {note}");
            }

            foreach (var note in FarmVariables.Notes(variable, Readers.Hub))
            {
                await Console.Error.WriteLineAsync($"caur {verb}: note: {note}");
            }

            var app = HubHost.Build(settings = Read(arguments, configuration));
            try
            {
                await StartAsync(app, cancellationToken);
                await HostEnd.WaitAsync(app, verb, cancellationToken);
                return HubFailure.Of(app.Services);
            }
            finally
            {
                await HostEnd.DisposeAsync(app, verb);
            }
        }
        catch (Exception exception) when (exception is HubSettingsException or OptionsValidationException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"caur {verb}: {exception.Message}");
            return 2;
        }
        catch (OrleansException exception)
        {
            // For one, the state database is damaged.
            await Console.Error.WriteLineAsync($"caur {verb}: {exception.Message}{NoRoom(settings)}");
            return ExitCodes.Failed;
        }
    }

    /// <summary>The database's own words for a full disk can be others.</summary>
    private static string NoRoom(HubSettings? settings) =>
        settings is not null && DiskSpace.FreeBytes(Path.GetFullPath(settings.DataFolder)) is < DiskWatch.LeastFree and var free
            ? string.Create(CultureInfo.InvariantCulture, $". The disk of {settings.DataFolder} is full: {free / 1024} KiB are free, make room")
            : "";

    /// <summary>Starts it. Where a part cannot, as the gateway on a port that another process has, those that run already are told to end: let go
    /// without a word they would all fail, and the line that says why would stand behind their stack traces.</summary>
    private static async Task StartAsync(IHost app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            try
            {
                await app.StopAsync(CancellationToken.None);
            }
            catch (Exception second) when (second is not OutOfMemoryException)
            {
                // What began first is what somebody has to hear of.
            }

            throw;
        }
    }

    /// <summary>What the verb was told on its command line; null where it was told nothing.</summary>
    internal sealed record Arguments(int? WebPort, string? Data, int? Slots, string? Config)
    {
        /// <summary>A gateway of a cluster alone.</summary>
        public bool IsGateway { get; init; }
    }
}

/// <summary>Where a farm's data is when nobody says otherwise.</summary>
internal static class DataFolderDefault
{
    public static string Get(Func<string, string?> variable) =>
        variable("CAUR_DATA") is { Length: > 0 } named ? named
        : Environment.IsPrivilegedProcess ? "/var/lib/caur"
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "caur");
}
