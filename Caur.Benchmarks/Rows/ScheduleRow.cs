using Caur.Benchmarks.Running;
using Caur.Storage.Processes;

namespace Caur.Benchmarks.Rows;

/// <summary>The command that a person waits for.</summary>
internal sealed class ScheduleRow : Benchmark
{
    public override string Name => "schedule";

    public override string Work => "the command 'caur schedule PACKAGE' against a running hub";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var packages = new GeneratedPackages(run.Size(GeneratedPackages.LiveFolders, 50));
        var source = await SourceRepository.MakeAsync(run, packages, cancellationToken);
        await using var hub = await HubProcess.StartAsync(run.NewFolder(), source, cancellationToken);
        var environment = new Dictionary<string, string?> { ["CAUR_URL"] = hub.Url.ToString(), ["CAUR_TOKEN"] = hub.Token };
        var three = run.Add("three packages", "ms", goal: Goal.AtMost(400));
        var all = run.Add($"all {packages.Folders.Count:#,0}", "ms");
        var version = run.Add("of it: a process that does nothing ('caur version')", "ms");
        run.Known("manager, today's", "ms", 1_900, 2_400);
        run.Known("manager on BullMQ", "ms", 430);
        if (!run.Quick)
        {
            await ScheduleAsync("--all");
        }

        for (var i = 0; i < run.Repeat; i++)
        {
            await run.TimeAsync(version, () => RunAsync("version"), hub.Id);
            await run.TimeAsync(three, () => ScheduleAsync([.. packages.Folders.Skip(i * 3 % 40).Take(3).Select(static folder => folder.Pkgbase)]), hub.Id);
            await run.TimeAsync(all, () => ScheduleAsync("--all"), hub.Id);
        }

        Task ScheduleAsync(params string[] words) => RunAsync(["schedule", .. words]);

        async Task RunAsync(params string[] words)
        {
            var done = await CaurProcess.RunAsync(words, environment, cancellationToken);
            BenchRun.Check(done.Succeeded, $"caur {words[0]} ended with {done.ExitCode}: {done.Error}");
        }
    }
}

/// <summary>Package folders as a git repository.</summary>
internal static class SourceRepository
{
    public static async Task<string> MakeAsync(BenchRun run, GeneratedPackages packages, CancellationToken cancellationToken)
    {
        var folder = run.NewFolder();
        await packages.WriteAsync(folder, cancellationToken);
        return await CommitAsync(run, folder, cancellationToken);
    }

    /// <summary>A bare repository with one commit of a folder.</summary>
    public static async Task<string> CommitAsync(BenchRun run, string folder, CancellationToken cancellationToken)
    {
        var repository = run.NewFolder();
        var git = new ProcessRunner(TimeProvider.System);
        string[] tree = ["--git-dir", repository, "-c", "core.bare=false", "--work-tree", folder];
        foreach (var words in (string[][])
        [
            ["init", "-q", "--bare", repository],
            [.. tree, "add", "-A", "."],
            [.. tree, "-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-q", "-m", "all"],
        ])
        {
            var done = await git.RunAsync(new ProcessRequest { FileName = "git", Arguments = words, WorkingFolder = folder }, cancellationToken);
            BenchRun.Check(done.Succeeded, $"git: {done.Error}");
        }

        return repository;
    }
}
