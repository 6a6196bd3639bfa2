using System.CommandLine;
using System.Globalization;
using Caur.Silo.Cli;

namespace Caur.Silo.Demo;

/// <summary><c>caur demo</c>.</summary>
internal static class DemoVerb
{
    private static readonly Option<string?> Data = CommonOptions.Folder(
        "--data", "Where the demo keeps everything. Default: /var/lib/caur-demo for root, ~/.cache/caur/demo for others.");

    private static readonly Option<bool> Keep = new("--keep") { Description = "Leave the farm running when the demo has ended." };

    private static readonly Option<int?> Port = new("--port")
    {
        Description = "The farm's port. Default: 8080.",
        HelpName = "N",
        CustomParser = result =>
        {
            if (result.Tokens is [var token]
                && int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535)
            {
                return port;
            }

            result.AddError("--port wants a number from 1 to 65535.");
            return null;
        },
    };

    private static readonly Option<int> Builders = new("--builders")
    {
        Description = "Build with so many builders that are processes of their own, and kill one in the middle. Default: the hub's own.",
        HelpName = "N",
        CustomParser = result =>
        {
            if (result.Tokens is [var token]
                && int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 2 and <= 20)
            {
                return count;
            }

            result.AddError("--builders wants a number from 2 to 20: one is killed, and the others go on.");
            return 0;
        },
    };

    private static readonly Option<string?> Source = new("--source")
    {
        Description = "Build this instead of the samples: a git repository, or a folder of package folders.",
        HelpName = "DIR",
    };

    private static readonly Option<TimeSpan?> Timeout = new("--timeout")
    {
        Description = "How long the builds may take altogether, as 15m or 2h. Default: 15m.",
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (result.Tokens is [var token] && Durations.TryParse(token.Value, out var duration))
            {
                return duration;
            }

            result.AddError("--timeout wants a number with h, m or s behind it, as 15m.");
            return null;
        },
    };

    public static Command Create(CliContext context)
    {
        var command = new Command(
            "demo", "Starts a farm, builds the samples in containers, signs and publishes them, and installs them with pacman in a clean container.")
        {
            Builders, Data, Keep, Port, Source, Timeout,
        };
        command.SetAction((result, cancellationToken) =>
        {
            var options = new DemoOptions
            {
                Folder = result.GetValue(Data),
                Keep = result.GetValue(Keep),
                Port = result.GetValue(Port),
                Builders = result.GetValue(Builders),
                Source = result.GetValue(Source),
            };
            return new DemoRun(context, result.GetValue(Timeout) is { } timeout ? options with { Timeout = timeout } : options).RunAsync(cancellationToken);
        });
        return command;
    }
}
