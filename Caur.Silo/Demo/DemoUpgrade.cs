using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Caur.Silo.Cli;

namespace Caur.Silo.Demo;

/// <summary>Somebody commits a new version of one sample. The farm has to notice by itself, and to build that folder and no other.</summary>
internal sealed class DemoUpgrade(FarmClient farm, string source, SampleRepository repository, DemoSay say, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(300);

    private readonly string _version = SampleRelease.Next(SampleRelease.Read(repository.Url)!);
    private readonly string _before = SampleRelease.Full(repository.Url);

    /// <summary>The version that clients are to have in the end, as pacman shows it.</summary>
    public string Version => _before.Replace(SampleRelease.Read(repository.Url)!, _version, StringComparison.Ordinal);

    /// <summary>Commits, and waits until it is published.</summary>
    /// <returns>What did not come out as it should.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        var known = (await farm.RunsAsync(source, cancellationToken)).FirstOrDefault()?.Number ?? 0;
        var builds = (await farm.BuildsAsync("", 1, cancellationToken)).FirstOrDefault()?.Build.Timestamp ?? 0;
        SampleRelease.Write(repository.Url, _version);
        var commit = await SampleRepository.CommitAllAsync(repository.Url, $"{SampleRelease.Pkgbase}: {_version}", time, cancellationToken);
        say.Step($"Committed {SampleRelease.Pkgbase} {_version} as {commit[..10]}; nobody tells the farm");
        var since = time.GetTimestamp();
        var run = await WaitAsync(known, commit, cancellationToken);
        if (run is null)
        {
            return [$"the farm did not notice commit {commit[..10]} within {Patience.TotalMinutes:0} minutes"];
        }

        say.Note($"noticed and handed over after {DemoSay.Seconds(time.GetElapsedTime(since))}: run {run.Run.Number.ToString(CultureInfo.InvariantCulture)}, {run.Run.Summary}");
        foreach (var decision in run.Decisions)
        {
            say.Note($"{decision.Pkgbase}: {string.Join("; ", decision.Reasons)}");
        }

        var wanted = run.Decisions.SelectMany(decision => decision.Builds).Select(build => BuildId.Parse(build)).ToList();
        var ends = await new BuildFollower(farm, time).FollowAsync(
            wanted, status => say.Step(FollowOutput.Line(status)), cancellationToken);
        say.Note($"published {DemoSay.Seconds(time.GetElapsedTime(since))} after the commit");
        var all = (await farm.BuildsAsync("", 50, cancellationToken)).Where(build => build.Build.Timestamp > builds).Select(build => build.Pkgbase);
        return [.. Problems(run, ends, all.Distinct().ToList())];
    }

    private static IEnumerable<string> Problems(RunView run, IEnumerable<BuildProgress> ends, List<string> built)
    {
        if (run.Run.State != RunState.Succeeded)
        {
            yield return $"the run of the new commit ended as {run.Run.State}: {run.Run.Summary}";
        }

        if (built is not [SampleRelease.Pkgbase])
        {
            yield return $"the commit touches {SampleRelease.Pkgbase}, and what was built is: {(built.Count > 0 ? string.Join(", ", built) : "nothing")}";
        }

        foreach (var end in ends.Where(end => end.State != BuildState.Published))
        {
            yield return $"{end.Build.Pkgbase} ended as {end.Word} after the commit: {end.Reason}";
        }
    }

    private async Task<RunView?> WaitAsync(long known, string commit, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < Patience)
        {
            var found = (await farm.RunsAsync(source, cancellationToken))
                .FirstOrDefault(run => run.Number > known && run.Commit == commit && run.State is not (RunState.Waiting or RunState.Running));
            if (found is not null)
            {
                return await farm.RunAsync(source, found.Number, cancellationToken);
            }

            await Task.Delay(AskEvery, time, cancellationToken);
        }

        return null;
    }
}
