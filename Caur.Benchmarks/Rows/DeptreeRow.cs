using Caur.Benchmarks.Running;
using Caur.Contracts.Farm;
using Caur.Grains.Sources;
using Caur.Pipelines.Reading;
using Caur.Storage.Files;
using Caur.Storage.Processes;
using Microsoft.Extensions.Options;

namespace Caur.Benchmarks.Rows;

/// <summary>The dependency graph of a whole source repository.</summary>
internal sealed class DeptreeRow : Benchmark
{
    private const string Arch = "x86_64";

    public override string Name => "deptree";

    public override string Work => "the dependency graph of 2,534 package folders";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var packages = new GeneratedPackages(run.Size(GeneratedPackages.LiveFolders, 100));
        var source = run.Options.Source;
        if (source is null)
        {
            source = run.NewFolder();
            await packages.WriteAsync(source, cancellationToken);
            run.Note($"The folders are generated: {packages.Folders.Count}, {packages.Edges} edges. --source takes real ones.");
        }

        var graph = run.Add("read the folders and make the graph", "ms", goal: Goal.AtMost(500));
        var command = run.Add("the command 'caur deptree FOLDER', a new process", "ms");
        var read = run.Add("read a commit with git and make the graph", "ms");
        var again = run.Add("the same again, unchanged", "ms", goal: Goal.AtMost(100));
        run.Known("the template's scripts on the live repository, on another day", "ms", 9_200, 10_100);

        var url = await SourceRepository.CommitAsync(run, source, cancellationToken);
        _ = new Deptree(await FolderReader.ReadAsync(source, cancellationToken), Arch).ToText().ToString();
        for (var i = 0; i < run.Repeat; i++)
        {
            Deptree? tree = null;
            await run.TimeAsync(graph, async () =>
            {
                tree = new Deptree(await FolderReader.ReadAsync(source, cancellationToken), Arch);
                _ = tree.ToText().ToString();
            });
            Check(run, packages, tree!);
            await run.TimeAsync(command, async () => BenchRun.Check(
                (await CaurProcess.RunAsync(["deptree", source], null, cancellationToken)).Succeeded, "'caur deptree' failed"));

            var folders = DataFolders.Resolve(run.NewFolder());
            folders.Create();
            var reader = new GitSourceReader(new SourceClones(folders, new ProcessRunner(TimeProvider.System), Options.Create(new FarmOptions())));
            await run.TimeAsync(read, ReadAsync);
            await run.TimeAsync(again, ReadAsync);

            async Task ReadAsync()
            {
                var snapshot = await reader.ReadAsync("packages", url, null, cancellationToken);
                tree = snapshot.DeptreeOf(Arch);
            }

            Check(run, packages, tree!);
        }
    }

    private static void Check(BenchRun run, GeneratedPackages packages, Deptree tree)
    {
        if (run.Options.Source is null)
        {
            var wrong = packages.Folders.FirstOrDefault(folder => !tree.DependenciesOf(folder.Pkgbase).SequenceEqual(folder.After.Order(StringComparer.Ordinal)));
            BenchRun.Check(wrong is null, $"{wrong?.Pkgbase} has other edges than were made");
        }
    }
}
