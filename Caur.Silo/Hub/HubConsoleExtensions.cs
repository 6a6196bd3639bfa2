using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Caur.Silo.Hub;

/// <summary>How every process of the farm logs.</summary>
internal static class HubConsoleExtensions
{
    /// <summary>To the standard output alone, by <see cref="HubConsole"/>, and of the framework only what somebody has to look at.</summary>
    public static ILoggingBuilder AddFarmConsole(this ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddConsole(console => console.FormatterName = HubConsole.FormatterName);
        logging.AddConsoleFormatter<HubConsole, ConsoleFormatterOptions>();
        logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        logging.AddFilter("Microsoft.Hosting", LogLevel.Warning);

        // What ends the start is said by the verb, in one line.
        return logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);
    }
}
