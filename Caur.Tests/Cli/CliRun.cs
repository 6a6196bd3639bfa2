using System.Text;
using Caur.Silo.Cli;
using Caur.Tests.Support;

namespace Caur.Tests.Cli;

/// <summary>One run of <c>caur</c> with its arguments, in this process: what it printed and its exit code.</summary>
internal sealed record CliRun(int ExitCode, string Output, string Error, byte[] Bytes)
{
    public static async Task<CliRun> RunAsync(
        IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, Func<Stream>? output = null,
        CancellationTokenSource? interrupt = null, string input = "", bool canAsk = false, byte[]? inputBytes = null)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(interrupt?.Token ?? default, TestContext.Current.CancellationToken);
        var bytes = new MemoryStream();
        var (text, error) = (new StringWriter(), new StringWriter());

        // No test may find the data folder of whoever runs it.
        var variables = new Dictionary<string, string>(environment ?? new Dictionary<string, string>());
        variables.TryAdd("CAUR_DATA", "/nonexistent/caur");
        var context = new CliContext(output ?? (() => bytes), TextWriter.Synchronized(text), TextWriter.Synchronized(error), name => variables.GetValueOrDefault(name), isTerminal: false)
        {
            OpenInput = () => new StringReader(input),
            OpenInputBytes = () => new MemoryStream(inputBytes ?? []),
            CanAsk = canAsk,
        };
        var code = await CommandLine.RunAsync([.. arguments], context, linked.Token).DefaultTimeout("the end of the verb");
        return new CliRun(code, text.ToString(), error.ToString(), bytes.ToArray());
    }

    public static Task<CliRun> RunAsync(FakeFarm farm, params string[] arguments) =>
        RunAsync([.. arguments, "--server", farm.Url]);

    /// <summary>The output of a verb whose bytes go out as they are.</summary>
    public string BytesText => Encoding.UTF8.GetString(Bytes);

    public CliRun Succeeded()
    {
        ExitCode.ShouldBe(ExitCodes.Ok, Error + Output);
        return this;
    }
}
