using System.Diagnostics;
using System.Globalization;
using Caur.Benchmarks.Running;
using Caur.Builder.Link;
using Caur.Protocol.Builders;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Benchmarks.Rows;

/// <summary>A <see cref="ZeroBuilder"/> as a process of its own, over the product's end of a builder link.</summary>
internal sealed class ZeroBuilderProcess : IAsyncDisposable
{
    /// <summary>The first argument of such a process.</summary>
    public const string Verb = "zero-builder";

    private const string JoinedLine = "joined";
    private const string TokenVariable = "CAUR_BENCH_TOKEN";

    private readonly Process _process;

    private ZeroBuilderProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Starts one, and waits until it has joined.</summary>
    public static async Task<ZeroBuilderProcess> StartAsync(BenchFarm farm, string name, int slots, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            ["exec", typeof(ZeroBuilderProcess).Assembly.Location, Verb, farm.Url.ToString(), name, string.Create(CultureInfo.InvariantCulture, $"{slots}")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment[TokenVariable] = await farm.TokenAsync(name, cancellationToken);
        var builder = new ZeroBuilderProcess(Process.Start(start)!);
        BenchRun.Check(await builder._process.StandardOutput.ReadLineAsync(cancellationToken) == JoinedLine, $"{name} did not join");
        return builder;
    }

    /// <summary>What such a process does, until its standard input ends.</summary>
    /// <param name="arguments">Gateway, name, slots.</param>
    /// <param name="cancellationToken">Ends it too.</param>
    public static async Task<int> MainAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var token = Environment.GetEnvironmentVariable(TokenVariable) ?? throw new InvalidOperationException($"{TokenVariable} is missing");
        var options = new LinkAgentOptions { Gateway = new Uri(arguments[0]), Token = () => token };
        await using var session = new LinkSession(options, TimeProvider.System, NullLogger<LinkSession>.Instance);
        using var builder = new ZeroBuilder(
            session, arguments[1], int.Parse(arguments[2], CultureInfo.InvariantCulture), static _ => Task.CompletedTask, AttemptOutcome.AlreadyBuilt);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var run = builder.RunAsync(end.Token);
        await await Task.WhenAny(builder.Joined, run);
        Console.Out.WriteLine(JoinedLine);
        await Console.In.ReadLineAsync(cancellationToken);
        await end.CancelAsync();
        await run;
        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
