using Caur.Silo.Hub;
using Caur.Tests.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Caur.Tests.Support;

/// <summary>The hub as <c>caur database</c> composes it, but for its console: what it says there belongs in no test's output.</summary>
internal static class QuietHub
{
    public static WebApplication Build(HubSettings settings) =>
        HubHost.Build(TestEngine.Complete(settings), static builder => builder.Logging.AddFilter<ConsoleLoggerProvider>(null, LogLevel.None));
}
