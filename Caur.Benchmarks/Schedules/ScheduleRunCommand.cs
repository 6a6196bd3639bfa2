using System.Globalization;
using System.Text;
using Caur.Benchmarks.Running;
using Caur.Pacman;
using Caur.Pipelines.Git;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Schedules;
using Caur.Pipelines.State;
using Caur.Storage.Processes;
using GitRemote = Caur.Pipelines.Pushes.GitRemote;

namespace Caur.Benchmarks.Schedules;

/// <summary>What a whole on-schedule run costs us when nothing has changed, on a source repository of any size. Everybody else (AUR, databases, git
/// servers) is a stand-in on this machine that says so at once; what remains is our own time.</summary>
internal static class ScheduleRunCommand
{
    public const string Verb = "schedule-run";

    private const int Usage = 2;
    private const int DefaultRuns = 5;

    public static async Task<int> MainAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter progress, CancellationToken cancellationToken)
    {
        var runs = DefaultRuns;
        if (arguments.Count is < 1 or > 2 || (arguments.Count == 2 && (!int.TryParse(arguments[1], NumberStyles.None, CultureInfo.InvariantCulture, out runs) || runs is < 1 or > 1000)))
        {
            await progress.WriteLineAsync($"caur {Verb} FOLDER [RUNS]\n\nRuns on-schedule on a copy of a source repository of which nothing changes. FOLDER is a clone, bare or not; it stays as it is. RUNS: 1 to 1000, default {DefaultRuns}.");
            return Usage;
        }

        using var folder = new BenchFolder(Path.GetTempPath());
        var processes = new ProcessRunner(TimeProvider.System);
        try
        {
            await RunAsync(Path.GetFullPath(arguments[0]), runs, folder.Path, processes, output, progress, cancellationToken);
            return 0;
        }
        catch (Exception failed) when (failed is BenchmarkFailedException or SourceUnavailableException or PushException)
        {
            await progress.WriteLineAsync($"caur {Verb}: {failed.Message}");
            return 1;
        }
    }

    private static async Task RunAsync(
        string source, int runs, string folder, ProcessRunner processes, TextWriter output, TextWriter progress, CancellationToken cancellationToken)
    {
        await progress.WriteLineAsync("==> A copy of the repository, and stand-ins for everybody else");
        var (origin, ours) = (Path.Combine(folder, "origin.git"), Path.Combine(folder, "ours.git"));
        var plain = new GitRepository(folder, processes);
        await plain.RequireAsync(["clone", "--quiet", "--bare", "--shared", "--single-branch", "--no-tags", source, origin], cancellationToken);
        var remote = new GitRepository(origin, processes);
        var branch = (await remote.RequireAsync(["symbolic-ref", "--short", "HEAD"], cancellationToken)).OutputText.Trim();
        var head = (await remote.RequireAsync(["rev-parse", "HEAD"], cancellationToken)).OutputText.Trim();
        var versions = await VersionsAsync(plain, source, cancellationToken);
        var before = await ScheduleSource.ReadAsync(remote, head, cancellationToken);
        await using var others = await StandIns.StartAsync(folder, before.Packages.Keys, versions);
        head = await ConfigureAsync(remote, origin, processes, branch, head, others.DatabaseUrl, cancellationToken);
        await remote.RequireAsync(["update-ref", "refs/tags/scheduled", head], cancellationToken);
        await RememberAsync(remote, before, versions, cancellationToken);
        await plain.RequireAsync(["clone", "--quiet", "--bare", "--shared", "--single-branch", "--no-tags", origin, ours], cancellationToken);

        var options = new OnScheduleOptions
        {
            Branch = branch,
            Host = new ScheduleHostOptions
            {
                Folder = Path.Combine(folder, "host"),
                Aur = others.Aur,
                Polite = new PoliteOptions { BackOff = TimeSpan.Zero },
            },
        };
        await progress.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"==> {runs} runs over {before.Packages.Count} packages, after one that writes the state"));
        var best = new List<PhaseTimes>();
        for (var i = 0; i <= runs; i++)
        {
            var times = new PhaseTimes();
            var run = await new OnSchedulePipeline(
                new GitRepository(ours, processes), new PushRepository(ours, GitRemote.Of(origin), processes), _ => new NoFarm(), options, processes, TimeProvider.System, times.Changed)
                .RunAsync(cancellationToken);
            if (run.Outcome is not (RunOutcome.NothingToDo or RunOutcome.Succeeded) || (i > 0 && run.Outcome != RunOutcome.NothingToDo))
            {
                throw new BenchmarkFailedException($"a run ended as {run.Outcome}: {run.Summary}");
            }

            await output.WriteLineAsync($"{(i == 0 ? "first" : i.ToString(CultureInfo.InvariantCulture)),-6}{times.Total}   {run.Summary}");
            if (i > 0)
            {
                best.Add(times);
            }
        }

        var median = best.OrderBy(times => times.OwnSeconds).ElementAt(best.Count / 2);
        await output.WriteLineAsync("\nThe run in the middle:\n" + median);
    }

    /// <summary>What the real farm has seen of its databases.</summary>
    private static async Task<byte[]> VersionsAsync(GitRepository git, string source, CancellationToken cancellationToken)
    {
        var shown = await git.RunAsync(["-C", source, "show", "state:.version-state"], cancellationToken);
        return shown.Succeeded ? shown.Output.ToArray() : Encoding.ASCII.GetBytes("glibc:2.40-1\n");
    }

    /// <summary>Commits a <c>.ci/config</c> whose databases are the stand-in's.</summary>
    private static async Task<string> ConfigureAsync(
        GitRepository git, string folder, ProcessRunner processes, string branch, string head, string databases, CancellationToken cancellationToken)
    {
        var text = (await git.RequireAsync(["show", $"{head}:.ci/config"], cancellationToken)).Output;
        var config = CiConfigText.Read(text.Span).GetRequired().With("CI_LIB_DB", databases).GetRequired();
        var pushes = new PushRepository(folder, GitRemote.Of(folder), processes);
        var commit = await pushes.CommitAsync(
            new NewCommit
            {
                Parent = head,
                Identity = new GitIdentity("caur", "caur@example.org"),
                Time = DateTimeOffset.UnixEpoch,
                Message = "stand-ins",
                Changes = [new(".ci/config", new Pipelines.Changes.FolderFile(Pipelines.Changes.FileKind.File, config.Bytes))],
            },
            cancellationToken);
        await git.RequireAsync(["update-ref", $"refs/heads/{branch}", commit], cancellationToken);
        return commit;
    }

    /// <summary>Writes a state in which everything was looked at.</summary>
    private static async Task RememberAsync(GitRepository git, ScheduleSource source, byte[] versions, CancellationToken cancellationToken)
    {
        var content = StateContent.None with
        {
            Versions = Pipelines.Rebuilds.VersionSnapshot.Parse(versions),
            Packages = source.Packages.Keys.ToDictionary(
                name => name,
                name => new PackageState
                {
                    AurTimestamp = StandIns.Time,
                    UpstreamCommit = StandIns.Commit,
                    GitCommit = name.EndsWith("-git", StringComparison.Ordinal) ? StandIns.Commit : null,
                },
                StringComparer.Ordinal),
        };
        await new StateBranch(git).WriteAsync("refs/heads/state", content, new CommitIdentity("caur", "caur@example.org", DateTimeOffset.UnixEpoch), cancellationToken);
    }
}
