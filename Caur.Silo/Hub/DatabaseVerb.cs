using System.CommandLine;
using Caur.Silo.Cli;
using Caur.Silo.Settings;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Caur.Silo.Hub;

/// <summary><c>caur database</c>: the farm, all in one.</summary>
internal static class DatabaseVerb
{
    public static Command Create()
    {
        var port = new Option<int>("--web-port") { Description = "The gateway's port on all addresses; 0 takes a free one", DefaultValueFactory = _ => 8080 };
        var data = new Option<string?>("--data") { Description = "The data folder (CAUR_DATA)" };
        var slots = new Option<int?>("--slots") { Description = "How many builds run here at the same time; 0 for none (CAUR_SLOTS)" };
        var command = new Command("database", "Runs the farm: queue, logs, repositories, gateway, and builds in this process")
        {
            port, data, slots,
        };
        command.SetAction((parse, cancellationToken) => RunAsync(
            new HubSettings
            {
                Variable = Environment.GetEnvironmentVariable,
                DataFolder = parse.GetValue(data) ?? DataFolderDefault.Get(Environment.GetEnvironmentVariable),
                WebPort = parse.GetValue(port),
            },
            parse.GetValue(slots),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(HubSettings settings, int? slots, CancellationToken cancellationToken)
    {
        try
        {
            if (settings.WebPort is < 0 or > 65535)
            {
                throw new HubSettingsException($"--web-port must be from 0 to 65535, not {settings.WebPort}");
            }

            if (slots is < 0 or > 1000)
            {
                throw new HubSettingsException($"--slots must be from 0 to 1000, not {slots}");
            }

            foreach (var note in FarmVariables.Notes(settings.Variable, Readers.Hub).Union(FarmVariables.Notes(settings.Variable, Readers.Builder)))
            {
                await Console.Error.WriteLineAsync($"note: {note}");
            }

            var chosen = slots ?? SlotsVariable(settings.Variable) ?? settings.Slots;
            await using var app = HubHost.Build(settings with { Slots = Math.Max(1, chosen), RunAgent = chosen > 0 });
            await app.StartAsync(cancellationToken);
            await app.WaitForShutdownAsync(cancellationToken);
            return HubFailure.Of(app.Services);
        }
        catch (Exception exception) when (exception is HubSettingsException or OptionsValidationException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"caur database: {exception.Message}");
            return 2;
        }
        catch (OrleansException exception)
        {
            // For one, the state database is damaged.
            await Console.Error.WriteLineAsync($"caur database: {exception.Message}");
            return ExitCodes.Failed;
        }
    }

    internal static int? SlotsVariable(Func<string, string?> variable) =>
        variable("CAUR_SLOTS") is { Length: > 0 } text
            ? int.TryParse(text, out var number) && number is >= 0 and <= 1000
                ? number
                : throw new HubSettingsException($"CAUR_SLOTS must be a number from 0 to 1000, not '{text}'")
            : null;
}

/// <summary>Where a farm's data is when nobody says otherwise.</summary>
internal static class DataFolderDefault
{
    public static string Get(Func<string, string?> variable) =>
        variable("CAUR_DATA") is { Length: > 0 } named ? named
        : Environment.IsPrivilegedProcess ? "/var/lib/caur"
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "caur");
}
