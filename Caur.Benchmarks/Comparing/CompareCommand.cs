using System.Diagnostics;
using System.Globalization;
using Caur.Benchmarks.Running;
using Caur.Pipelines.Reading;

namespace Caur.Benchmarks.Comparing;

/// <summary><c>./caur compare</c>.</summary>
internal static class CompareCommand
{
    public const string Verb = "compare";

    private const int Differ = 1;
    private const int Usage = 2;

    public static async Task<int> MainAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter progress, CancellationToken cancellationToken)
    {
        var (options, error) = CompareOptions.Parse(arguments);
        if (options is null)
        {
            await progress.WriteLineAsync($"caur compare: {error}\n{CompareOptions.Usage}");
            return Usage;
        }

        if (!File.Exists("/usr/bin/gawk"))
        {
            await progress.WriteLineAsync("caur compare: the scripts need gawk: apt-get install gawk");
            return Usage;
        }

        using var temporary = new BenchFolder(options.Folder);
        try
        {
            return await RunAsync(options, new CompareFolder(temporary.Path), output, progress, cancellationToken);
        }
        catch (BenchmarkFailedException failed)
        {
            await progress.WriteLineAsync($"caur compare: {failed.Message}");
            return Usage;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 130;
        }
    }

    private static async Task<int> RunAsync(
        CompareOptions options, CompareFolder folder, TextWriter output, TextWriter progress, CancellationToken cancellationToken)
    {
        await progress.WriteLineAsync("==> Copies of both repositories");
        var commits = await folder.MakeAsync(options, cancellationToken);
        var scripts = new OriginalScripts(folder);
        var chosen = await RangesAsync(options, folder, scripts, commits, output, progress, cancellationToken);
        var graphs = await GraphsAsync(options, folder, scripts, commits, output, progress, cancellationToken);
        return chosen + graphs == 0 ? 0 : Differ;
    }

    /// <returns>How many differences have no explanation.</returns>
    private static async Task<int> RangesAsync(
        CompareOptions options,
        CompareFolder folder,
        OriginalScripts scripts,
        IReadOnlyList<string> commits,
        TextWriter output,
        TextWriter progress,
        CancellationToken cancellationToken)
    {
        var differences = new Differences();
        var comparison = new RangeComparison(folder, scripts, differences);
        var done = 0;
        foreach (var range in HistoryRange.Choose(commits, options.Ranges, options.Seed))
        {
            await comparison.RunAsync(range, cancellationToken);
            if (++done % 10 == 0)
            {
                await progress.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"    {done} of {options.Ranges} ranges"));
            }
        }

        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"{done} ranges of {commits.Count} commits: {comparison.Same} packages are built by both. What differs:"));
        differences.Write(output);
        return differences.Unexplained.Count;
    }

    private static async Task<int> GraphsAsync(
        CompareOptions options,
        CompareFolder folder,
        OriginalScripts scripts,
        IReadOnlyList<string> commits,
        TextWriter output,
        TextWriter progress,
        CancellationToken cancellationToken)
    {
        var unexplained = 0;
        for (var i = 1; i <= options.Graphs; i++)
        {
            var commit = commits[(int)((long)i * (commits.Count - 1) / options.Graphs)];
            await progress.WriteLineAsync($"==> The graphs at {commit[..10]}");
            await folder.MoveAsync(new HistoryRange(null, commit), cancellationToken);
            var watch = Stopwatch.StartNew();
            var folders = await FolderReader.ReadAsync(folder.Checkout, cancellationToken);
            _ = new Deptree(folders, "x86_64").ToText().ToString();
            var ours = watch.Elapsed;
            var (text, theirs) = await scripts.GraphAsync(folders[0].Pkgbase, cancellationToken);
            var differences = new Differences();
            var comparison = new GraphComparison(OriginalGraph.Parse(text), folder.Checkout, folders, differences);
            comparison.Run(commit[..10]);
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"The graph of {folders.Count} folders at {commit[..10]}: {ours.TotalMilliseconds:0} ms here, {theirs.TotalMilliseconds:0} ms there; {comparison.Same} edges are in both. What differs:"));
            differences.Write(output);
            unexplained += differences.Unexplained.Count;
        }

        return unexplained;
    }
}
