using System.Globalization;
using Caur.Builder.Logs;
using Caur.Contracts.Ids;
using Caur.Protocol.Builders;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Logs;

/// <summary>A process with a gateway, and a builder whose output goes through the pump into the log until the process is killed or the output
/// has ended. Its lines: <c>url U</c>, <c>acknowledged N</c> whenever the first N bytes of the output were, <c>ended</c>.</summary>
internal static class LogHub
{
    public const string EndLine = "That was all.";

    /// <summary>Arguments: data folder, build, seed and length of the output.</summary>
    public static async Task RunAsync(string[] arguments)
    {
        var build = BuildId.Parse(arguments[1]);
        var content = new LogContent(int.Parse(arguments[2], CultureInfo.InvariantCulture));
        var length = long.Parse(arguments[3], CultureInfo.InvariantCulture);
        await using var gateway = await LogGateway.StartAsync(arguments[0]);
        await gateway.BeginAsync(build, 1);
        await gateway.Log(build).OpenAsync();
        await SayAsync($"url {gateway.Url}");

        var session = new WatchedSession(await gateway.JoinAsync(), reply => SayAsync($"acknowledged {reply.NextOffset}"));
        await using (var pump = new LogPump(
            session, new AttemptRef(build.ToString(), 1), new LogOptions(), TimeProvider.System, NullLogger.Instance))
        {
            var piece = new byte[50_000];
            for (var offset = 0L; offset < length; offset += piece.Length)
            {
                var bytes = piece.AsMemory(0, (int)Math.Min(piece.Length, length - offset));
                content.Fill(offset, bytes.Span);
                await pump.WriteAsync(bytes, CancellationToken.None);
            }

            (await pump.CompleteAsync(CancellationToken.None)).ShouldBeTrue();
        }

        await gateway.Log(build).EndAsync(1, EndLine, final: true);
        await SayAsync("ended");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
    }

    // One call per line: a line that the reader sees whole was meant.
    private static Task SayAsync(string line) => Console.Out.WriteAsync($"{line}\n");
}
