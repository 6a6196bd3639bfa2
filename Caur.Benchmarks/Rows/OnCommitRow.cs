using System.Globalization;
using System.Text;
using Caur.Benchmarks.Running;
using Caur.Storage.Processes;

namespace Caur.Benchmarks.Rows;

/// <summary>The pipeline that runs after every push, as a CI job runs it.</summary>
internal sealed class OnCommitRow : Benchmark
{
    private const int Commits = 3;

    private readonly ProcessRunner _git = new(TimeProvider.System);

    public override string Name => "on-commit";

    public override string Work => "the command 'caur ci on-commit' over three commits of 2,534 package folders, against a running hub";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var folder = run.Options.Source;
        if (folder is null)
        {
            folder = run.NewFolder();
            var packages = new GeneratedPackages(run.Size(GeneratedPackages.LiveFolders, 50));
            await packages.WriteAsync(folder, cancellationToken);
            run.Note($"The folders are generated: {packages.Folders.Count}. --source takes real ones.");
        }

        var pipeline = run.Add("from the start of the command to its end", "ms", goal: Goal.AtMost(750));
        var nothing = run.Add("the same again: nothing to do", "ms");
        run.Known("the template's scripts on the live repository, on another day", "ms", 14_300);

        var repository = await SourceRepository.CommitAsync(run, folder, cancellationToken);
        var first = (await GitAsync(repository, ["rev-parse", "HEAD"], cancellationToken)).Trim();
        await ChangeAsync(repository, folder, cancellationToken);
        await using var hub = await HubProcess.StartAsync(run.NewFolder(), repository, cancellationToken);
        var environment = new Dictionary<string, string?>
        {
            ["CAUR_URL"] = hub.Url.ToString(),
            ["CAUR_TOKEN"] = hub.Token,

            // What real settings name is not here.
            ["CAUR_SSH_HOST"] = "none",
        };
        var checkout = run.NewFolder();
        await GitAsync(checkout, ["clone", "--quiet", "--no-checkout", repository, checkout], cancellationToken);
        for (var i = -1; i < run.Repeat; i++)
        {
            // Another tag is another order. The first time is the hub's, which has not read the repository yet.
            var tag = string.Create(CultureInfo.InvariantCulture, $"handled-{i + 1}");
            await GitAsync(repository, ["update-ref", $"refs/tags/{tag}", first], cancellationToken);
            if (i < 0)
            {
                await OnCommitAsync(tag, $"{Commits} scheduled");
                continue;
            }

            await run.TimeAsync(pipeline, () => OnCommitAsync(tag, $"{Commits} scheduled"), hub.Id);
            await run.TimeAsync(nothing, () => OnCommitAsync(tag, "already"), hub.Id);
        }

        async Task OnCommitAsync(string tag, string says)
        {
            var done = await CaurProcess.RunAsync(["ci", "on-commit", "--repository", checkout, "--tag", tag], environment, cancellationToken);
            BenchRun.Check(done.Succeeded && done.OutputText.Contains(says, StringComparison.Ordinal), $"'caur ci on-commit' ended with {done.ExitCode}: {done.OutputText}{done.Error}");
        }
    }

    /// <summary>Three commits, each of which changes one package that can be built; the first has the settings that the hub's names need.</summary>
    private async Task ChangeAsync(string repository, string folder, CancellationToken cancellationToken)
    {
        var packages = Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)!)
            .Where(name => name[0] != '.' && File.Exists(Path.Combine(folder, name, "PKGBUILD")) && File.Exists(Path.Combine(folder, name, ".SRCINFO")))
            .Order(StringComparer.Ordinal)
            .Take(Commits)
            .ToList();
        await PutAsync(".ci/config", "BUILD_REPO=packages\nREPO_NAME=farm\n");
        foreach (var package in packages)
        {
            await PutAsync($"{package}/PKGBUILD", await File.ReadAllTextAsync(Path.Combine(folder, package, "PKGBUILD"), cancellationToken) + "\n# changed\n");
            var tree = (await GitAsync(repository, ["write-tree"], cancellationToken)).Trim();
            var commit = await GitAsync(
                repository,
                ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit-tree", "-p", "HEAD", "-m", $"chore(update): {package}", tree],
                cancellationToken);
            await GitAsync(repository, ["update-ref", "HEAD", commit.Trim()], cancellationToken);
        }

        async Task PutAsync(string path, string text)
        {
            var blob = (await GitAsync(repository, ["hash-object", "-w", "--stdin"], cancellationToken, text)).Trim();
            await GitAsync(repository, ["update-index", "--add", "--cacheinfo", $"100644,{blob},{path}"], cancellationToken);
        }
    }

    private async Task<string> GitAsync(string folder, string[] arguments, CancellationToken cancellationToken, string input = "")
    {
        var done = await _git.RunAsync(
            new ProcessRequest { FileName = "git", Arguments = arguments, WorkingFolder = folder, Input = Encoding.UTF8.GetBytes(input) }, cancellationToken);
        BenchRun.Check(done.Succeeded, $"git {arguments[0]}: {done.Error}");
        return done.OutputText;
    }
}
