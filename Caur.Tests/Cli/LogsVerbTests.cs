using System.Globalization;
using System.Text;
using Caur.Api.Logs;
using Caur.Contracts.Builds;
using Caur.Silo.Cli;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Cli;

public sealed class LogsVerbTests
{
    private static readonly byte[] Log = Encoding.UTF8.GetBytes(
        string.Concat(Enumerable.Range(0, 5000).Select(line => string.Create(CultureInfo.InvariantCulture, $"\e[32mline {line}\e[0m \u2713\r\n"))));

    [Fact]
    public async Task Logs_WhenFollowedAndTheConnectionBreaks_HasEveryByteOnceAndStaysWithTheBuild()
    {
        await using var farm = await FakeFarm.StartAsync();
        var asked = new List<(string Path, long Offset)>();
        farm.Log = async (context, path) =>
        {
            var offset = Offset(context);
            lock (asked)
            {
                asked.Add((path, offset));
            }

            // Pieces of odd lengths, so that breaks fall inside lines and inside characters.
            await SendAsync(context, "caur/x86_64/hello-c/4711", Log.AsMemory((int)offset), 20_011);
        };

        var run = await CliRun.RunAsync(farm, "logs", "-f", "hello-c");

        run.ExitCode.ShouldBe(ExitCodes.Ok, run.Error);
        run.Bytes.ShouldBe(Log);
        asked.Count.ShouldBeGreaterThan(1);
        asked[0].ShouldBe(("hello-c", 0L));
        asked.Skip(1).ShouldAllBe(question => question.Path == "hello-c/4711" && question.Offset > 0);
        run.Error.ShouldContain("The connection broke after");
    }

    [Fact]
    public async Task Logs_WhenTheHubRestarts_AsksAgain()
    {
        await using var farm = await FakeFarm.StartAsync();
        var calls = 0;
        farm.Log = async (context, _) =>
        {
            switch (Interlocked.Increment(ref calls))
            {
                case 1:
                    await SendAsync(context, "caur/x86_64/a/1", "one two"u8.ToArray(), 4);
                    break;
                case 2:
                    context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                    break;
                default:
                    await SendAsync(context, "caur/x86_64/a/1", "one two"u8.ToArray().AsMemory((int)Offset(context)), 7);
                    break;
            }
        };

        var run = await CliRun.RunAsync(farm, "logs", "a", "--follow");

        run.ExitCode.ShouldBe(ExitCodes.Ok, run.Error);
        run.BytesText.ShouldBe("one two");
    }

    [Fact]
    public async Task Logs_IntoAFileThatOthersWriteToo_OverwritesNothing()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Log = async (context, _) =>
        {
            await BeginAsync(context, "caur/x86_64/a/1");
            await context.Response.WriteAsync("the log\n");
        };
        using var folder = new TemporaryFolder();
        var script = $"{{ echo before; dotnet exec '{Path.Combine(AppContext.BaseDirectory, "caur.dll")}' logs a --server {farm.Url}; echo after; }} > '{folder["out"]}'";

        (await Processes.RunAsync("bash", ["--norc", "-c", script])).ExitCode.ShouldBe(0);

        (await File.ReadAllTextAsync(folder["out"], TestContext.Current.CancellationToken)).ShouldBe("before\nthe log\nafter\n");
    }

    [Fact]
    public async Task Logs_WhenNotFollowed_AsksForWhatIsThere()
    {
        await using var farm = await FakeFarm.StartAsync();
        string? asked = null;
        farm.Log = async (context, path) =>
        {
            asked = path + context.Request.QueryString;
            await BeginAsync(context, "caur/x86_64/Hello++/77");
            await context.Response.WriteAsync("so far");
        };

        var run = await CliRun.RunAsync(farm, "logs", "Hello++", "77");

        run.Succeeded().BytesText.ShouldBe("so far");
        asked.ShouldBe("Hello++/77?offset=0&follow=false");
    }

    [Fact]
    public async Task Logs_WhenNotFollowedAndTheConnectionBreaks_Fails()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Log = (context, _) => SendAsync(context, "caur/x86_64/a/1", "half"u8.ToArray(), 2);

        (await CliRun.RunAsync(farm, "logs", "a")).ExitCode.ShouldBe(ExitCodes.Unreachable);
    }

    [Fact]
    public async Task Logs_WhenThereIsNone_SaysSo()
    {
        await using var farm = await FakeFarm.StartAsync();

        var run = await CliRun.RunAsync(farm, "logs", "nothing", "12");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("there is no build of 'nothing' of 12");
    }

    [Fact]
    public async Task Logs_WhenThereIsNoneOfThatTime_DoesNotOfferTheSamePackage()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Queue = () => [FakeFarm.Snapshot(FakeFarm.Item(FakeFarm.Id("hello"), BuildState.Waiting), FakeFarm.Item(FakeFarm.Id("hello1"), BuildState.Waiting))];

        (await CliRun.RunAsync(farm, "logs", "hello", "12")).Error
            .ShouldBe($"caur: there is no build of 'hello' of 12 in the queue, and no log of one. 'caur queue' shows what is queued.{Environment.NewLine}");
        (await CliRun.RunAsync(farm, "logs", "helo", "12")).Error.ShouldContain("did you mean hello");
    }

    [Fact]
    public async Task Logs_WhenTheOutputIsClosed_EndsWell()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Log = async (context, _) =>
        {
            await BeginAsync(context, "caur/x86_64/a/1");
            await context.Response.WriteAsync("text");
            await context.Response.Body.FlushAsync();

            // The build goes on, and nobody looks any more.
            await new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
        };

        var run = await CliRun.RunAsync(["logs", "-f", "a", "--server", farm.Url], output: () => new BrokenStream("Broken pipe", 32));

        run.ExitCode.ShouldBe(ExitCodes.Ok, run.Error);
    }

    [Theory]
    [InlineData("logs a")]
    [InlineData("logs -f a")]
    [InlineData("logs --json a")]
    public async Task Logs_WhenTheDiskIsFull_DoesNotSayThatItIsWhole(string line)
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Log = async (context, _) =>
        {
            await BeginAsync(context, "caur/x86_64/a/1");
            await context.Response.WriteAsync("a line\nand a half");
        };

        var run = await CliRun.RunAsync([.. line.Split(' '), "--server", farm.Url], output: () => new BrokenStream("No space left on device", 28));

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldBe($"caur: the log could not be written to its end: No space left on device{Environment.NewLine}");
    }

    [Fact]
    public async Task Logs_WhenTheTimestampIsNone_IsWrongUsage() =>
        (await CliRun.RunAsync(["logs", "a", "yesterday"])).ExitCode.ShouldBe(ExitCodes.Usage);

    private static long Offset(HttpContext context) => long.Parse(context.Request.Query["offset"]!, CultureInfo.InvariantCulture);

    /// <summary>Sends a part of what was announced; the server then closes the connection.</summary>
    private static async Task SendAsync(HttpContext context, string build, ReadOnlyMemory<byte> bytes, int atMost)
    {
        context.Response.ContentLength = bytes.Length;
        await BeginAsync(context, build);
        await context.Response.Body.WriteAsync(bytes[..Math.Min(bytes.Length, atMost)]);
    }

    private static Task BeginAsync(HttpContext context, string build)
    {
        context.Response.Headers[LogEndpoints.BuildHeader] = build;
        return context.Response.StartAsync();
    }

    /// <summary>An output that takes nothing, as the system says it by an error's number.</summary>
    private sealed class BrokenStream(string message, int error) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException(message, error);
    }
}
