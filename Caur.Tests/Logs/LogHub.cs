using System.Globalization;
using Caur.Builder.Logs;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Protocol.Builders;
using Microsoft.Extensions.Logging;

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
        using var logs = LoggerFactory.Create(logging => logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        var log = logs.CreateLogger<LogPump>();
        await using (var pump = new LogPump(
            session, new AttemptRef(build.ToString(), 1), new LogOptions(), TimeProvider.System, log))
        {
            var piece = new byte[50_000];
            for (var offset = 0L; offset < length; offset += piece.Length)
            {
                var bytes = piece.AsMemory(0, (int)Math.Min(piece.Length, length - offset));
                content.Fill(offset, bytes.Span);
                await pump.WriteAsync(bytes, CancellationToken.None);
            }

            if (!await pump.CompleteAsync(CancellationToken.None))
            {
                // The process before this one was killed while it ended the attempt, which is right to be stale then: all of it is there.
                var position = await gateway.Log(build).OpenAsync();
                position.Length.ShouldBeGreaterThanOrEqualTo(LogHeader.For(build).Length + length, "an attempt is stale only after its last byte");
            }
        }

        await gateway.Log(build).EndAsync(1, EndLine, final: true);
        await SayAsync("ended");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
    }

    // One call per line: a line that the reader sees whole was meant.
    private static Task SayAsync(string line) => Console.Out.WriteAsync($"{line}\n");
}
