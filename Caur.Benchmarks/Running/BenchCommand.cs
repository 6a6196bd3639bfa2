using System.Text.Json;

namespace Caur.Benchmarks.Running;

/// <summary><c>./caur bench</c>.</summary>
internal static class BenchCommand
{
    private const int Measured = 0;
    private const int Failed = 1;
    private const int Usage = 2;
    private const int NotHere = 3;

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static async Task<int> MainAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter progress, CancellationToken cancellationToken)
    {
        var (options, error) = BenchOptions.Parse(arguments);
        if (options is null)
        {
            await progress.WriteLineAsync($"caur bench: {error}\n{BenchOptions.Usage}");
            return Usage;
        }

        if (options.List)
        {
            foreach (var row in Benchmark.All)
            {
                await output.WriteLineAsync($"{row.Name,-16} {row.Work}");
            }

            return Measured;
        }

        try
        {
            var result = await RunAsync(options, progress, cancellationToken);
            if (options.JsonFile is { } file)
            {
                await File.WriteAllTextAsync(file, JsonSerializer.Serialize(result, Json), cancellationToken);
            }

            if (!options.SyncsAreSlow)
            {
                await output.WriteAsync(ReportText.Of(result));
            }

            return result.Rows.Exists(static row => row.Failure is not null) ? Failed
                : result.Rows.Exists(static row => row.NotMeasured.Count > 0) ? NotHere
                : Measured;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 130;
        }
    }

    /// <summary>Runs the rows one after another.</summary>
    public static async Task<BenchResult> RunAsync(BenchOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        using var folder = new BenchFolder(options.Folder);
        var result = new BenchResult { Time = TimeProvider.System.GetUtcNow(), Quick = options.Quick, Machine = Machine.Describe(folder.Path) };
        foreach (var row in options.Rows)
        {
            await progress.WriteLineAsync($"==> {row.Name}: {row.Work}");
            result.Rows.Add(await RunRowAsync(row, options, folder.Path, progress, cancellationToken));
        }

        if (options is { SlowSyncs: true, SyncsAreSlow: false })
        {
            await SlowSync.RunAsync(options, result, folder.Path, progress, cancellationToken);
        }

        result.Machine.LoadAfter = Machine.Load();
        return result;
    }

    private static async Task<RowResult> RunRowAsync(
        Benchmark row, BenchOptions options, string folder, TextWriter progress, CancellationToken cancellationToken)
    {
        var result = new RowResult { Name = row.Name, Work = row.Work };
        var own = Directory.CreateDirectory(Path.Combine(folder, row.Name)).FullName;
        var run = new BenchRun(options, result, own, progress);
        try
        {
            await row.RunAsync(run, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            result.Failure = error is BenchmarkFailedException ? error.Message : $"{error.GetType().Name}: {error.Message}";
            await progress.WriteLineAsync($"    {row.Name} FAILED: {(error is BenchmarkFailedException ? error.Message : error)}");
        }

        run.Finish();
        return result;
    }
}
