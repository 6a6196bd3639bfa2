using System.Text.RegularExpressions;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Packages;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Grains.Queue;
using Caur.Grains.State;
using Caur.Silo.Hub;
using Caur.Storage.Logs;
using Caur.Tests.Engine;
using Caur.Tests.Storage.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Grains;

/// <summary>A farm with builds in each phase, and each record in its database damaged in its turn.</summary>
public sealed partial class FarmDamageTests
{
    private static readonly TargetId Other = new("other", "x86_64");

    private readonly List<BuildId> _builds = [];
    private readonly HashSet<BuildId> _over = [];
    private readonly List<BuildAttempt> _running = [];

    [Fact]
    public async Task Restart_WhenAnyOneRecordIsDamaged_NamesItAndFinishesWhatDoesNotDependOnIt()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        await FillAsync(farm);
        using var snapshot = new TemporaryFolder();
        await farm.RestartAsync(() => Task.Run(() =>
        {
            Copy(Path.GetDirectoryName(farm.DatabasePath)!, snapshot.Path);
            EngineRecords.Save(farm.DatabasePath, snapshot.Path);
        }));
        farm.Publisher.Gate = Task.CompletedTask;
        var records = FarmRecords.All(farm);
        records.Select(Kind).Distinct().ShouldBe(
            [
                "build", "builder", "change", "change-cursor", "changes", "intent", "log", "operation", "operation-cursor", "order",
                "order-cursor", "package", "publications", "queue", "queue-cursor", "settings",
            ],
            ignoreOrder: true);
        var wrong = new List<string>();
        foreach (var record in records)
        {
            try
            {
                await farm.RestartAsync(() => Task.Run(() =>
                {
                    Copy(snapshot.Path, Path.GetDirectoryName(farm.DatabasePath)!);
                    EngineRecords.Restore(farm.DatabasePath, snapshot.Path);
                    FarmRecords.Damage(farm, record.Name, record.Key);
                }));
                await ShowAsync(farm, record);
            }
            catch (Exception error)
            {
                wrong.Add($"{record}: {error}");
            }
        }

        wrong.ShouldBeEmpty();
    }

    /// <summary>A build in each phase, a change that is done and one that waits, and builds of another target repository.</summary>
    private async Task FillAsync(Farm farm)
    {
        var builder = new ScriptedBuilder(farm, slots: 8);
        await farm.Queue.PauseAsync(true);
        await farm.Queue.PauseAsync(false);
        await builder.Grain.DrainAsync(true);
        await builder.Grain.DrainAsync(false);
        await builder.JoinAsync();
        var done = await StartAsync(farm, builder, Farm.Target, "done");
        await builder.FinishAsync(done);
        await farm.WaitForAsync(done.Build, BuildState.Published);
        var failed = await StartAsync(farm, builder, Farm.Target, "failed");
        await builder.CompleteAsync(failed, AttemptEnd.Failed);
        await farm.WaitForAsync(failed.Build, BuildState.Failed);
        _over.UnionWith([done.Build, failed.Build]);
        var change = await ChangeAsync(farm);
        await farm.UntilAsync(
            async () => (await farm.Repository().GetChangeAsync(change))!.State == RepositoryChangeState.Done, "the change is carried out");

        farm.Publisher.Gate = new TaskCompletionSource().Task;
        await builder.FinishAsync(await StartAsync(farm, builder, Farm.Target, "publishing"));
        await ChangeAsync(farm);
        await builder.FinishAsync(await StartAsync(farm, builder, Other, "publishing"));
        _running.Add(await StartAsync(farm, builder, Farm.Target, "running"));
        _running.Add(await StartAsync(farm, builder, Farm.Target, "uploading"));
        (await builder.UploadingAsync(_running[^1])).ShouldBeTrue();
        await builder.CompleteAsync(await StartAsync(farm, builder, Farm.Target, "again"), AttemptEnd.HandedBack);
        await EnqueueAsync(farm, Farm.Target, "waiting");
        await EnqueueAsync(farm, Farm.Target, "app", "waiting");
        await EnqueueAsync(farm, Other, "waiting");
    }

    private async Task ShowAsync(Farm farm, FarmRecord damaged)
    {
        var errors = farm.Errors.Count;
        var affected = Affected(damaged);
        var builder = new ScriptedBuilder(farm, slots: 8);
        builder.Running.AddRange(_running);
        (await builder.JoinAsync()).Accepted.ShouldBeTrue();
        foreach (var attempt in builder.Running.ToList())
        {
            await builder.WriteAsync(attempt, "more\n", 4);
            await builder.CompleteAsync(attempt, AttemptEnd.Built);
        }

        var later = await farm.EnqueueAsync("later");
        var unaffected = _builds.Append(later).Where(build => !affected(build)).ToList();
        await farm.AdvanceUntilAsync(
            async () =>
            {
                await BuildAsync(builder);
                foreach (var build in unaffected)
                {
                    if (await farm.Queue.FindAsync(build) is not null || !(await farm.Log(build).OpenAsync()).Finished)
                    {
                        return false;
                    }
                }

                return true;
            },
            "everything else ends",
            60);
        foreach (var build in unaffected.Where(build => !_over.Contains(build) && build != later))
        {
            (await farm.Build(build).GetAsync())!.State.ShouldBe(BuildState.Published, build.ToString());
        }

        await ShowAffectedAsync(farm, damaged, builder, [.. _builds.Append(later).Where(build => affected(build) && !_over.Contains(build))]);

        // Whatever nobody asked for until now says so when it is asked.
        foreach (var build in _over)
        {
            await farm.Build(build).GetAsync().ContinueWith(static _ => { }, TaskScheduler.Default);
            await farm.Log(build).OpenAsync();
        }

        if (Kind(damaged) == "package")
        {
            await farm.Client.GetGrain<IPackageGrain>(damaged.Key).EstimateAsync("x86_64").ContinueWith(static _ => { }, TaskScheduler.Default);
        }

        farm.Errors.Skip(errors).ShouldContain(
            error => error.Contains(damaged.Name) && error.Contains(damaged.Key), "the damage is named");
    }

    /// <summary>What must hold for the builds that do depend on the record: they wait in the queue, or are over with all that is theirs.</summary>
    private static async Task ShowAffectedAsync(Farm farm, FarmRecord damaged, ScriptedBuilder builder, IReadOnlyList<BuildId> builds)
    {
        if (Kind(damaged) is "build" or "queue")
        {
            await new LogSweeper(farm.Services.GetRequiredService<BuildLogStore>(), farm.Client, farm.Clock, NullLogger<LogSweeper>.Instance)
                .SweepAsync(TestContext.Current.CancellationToken);
            foreach (var build in builds)
            {
                (await farm.Queue.FindAsync(build)).ShouldBeNull();
                if (Kind(damaged) == "queue" && await farm.Build(build).GetAsync() is not { } view)
                {
                    // It had not begun: nothing knows of it any more.
                    continue;
                }

                await farm.UntilAsync(async () => (await farm.Log(build).OpenAsync()).Finished, $"the log of {build} ends");
            }

            return;
        }

        await farm.AdvanceUntilAsync(
            async () =>
            {
                await BuildAsync(builder);
                foreach (var build in builds)
                {
                    var item = (await farm.Queue.FindAsync(build)).ShouldNotBeNull($"{build} is lost");
                    if (item is not { Wait: WaitReason.Dependency }
                        && (item.State != BuildState.Publishing || !item.Explanation.Contains($"'{damaged.Name}'")))
                    {
                        return false;
                    }
                }

                return true;
            },
            "the builds of the target wait and say why",
            60);
    }

    private static async Task BuildAsync(ScriptedBuilder builder)
    {
        await builder.RenewAsync();
        foreach (var offer in await builder.TakeAsync(8))
        {
            if (await builder.AcceptAsync(offer.Attempt))
            {
                builder.Running.Add(offer.Attempt);
                await builder.FinishAsync(offer.Attempt);
            }
        }
    }

    /// <summary>Which builds depend on a record; a new kind of record has to be thought of here.</summary>
    private static Func<BuildId, bool> Affected(FarmRecord record)
    {
        switch (Kind(record))
        {
            case "build":
                return build => build.ToString() == record.Key;
            case "queue":
                var slot = new GrainStateSerializer().Deserialize<QueueSlot>(BinaryData.FromBytes(record.Data))!;
                return build => build == slot.Build;
            case "publications" or "intent" or "changes":
                return build => build.Target.ToString() == record.Key;
            default:
                return static _ => false;
        }
    }

    private static string Kind(FarmRecord record) => Number().Replace(record.Name, "");

    private static void Copy(string from, string to)
    {
        foreach (var folder in Directory.EnumerateDirectories(to))
        {
            Directory.Delete(folder, recursive: true);
        }

        foreach (var file in Directory.EnumerateFiles(to))
        {
            File.Delete(file);
        }

        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    private static async Task<Guid> ChangeAsync(Farm farm)
    {
        var change = new RepositoryChange { Operation = Guid.NewGuid(), Kind = RepositoryChangeKind.Remove, Names = ["gone"] };
        await farm.Repository().ChangeAsync(change);
        return change.Operation;
    }

    private async Task<BuildAttempt> StartAsync(Farm farm, ScriptedBuilder builder, TargetId target, string phase)
    {
        await EnqueueAsync(farm, target, phase);
        var attempt = await builder.StartAsync();
        await builder.WriteAsync(attempt, "out\n");
        return attempt;
    }

    private async Task EnqueueAsync(Farm farm, TargetId target, string phase, params string[] dependsOn)
    {
        var request = Farm.Request($"{target.Name}-{phase}", [.. dependsOn.Select(name => $"{target.Name}-{name}")]);
        request = request with { Package = new PackageKey(target, request.Package.Pkgbase) };
        var replies = await farm.Queue.EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [request] });
        _builds.Add(replies[0].Build);
    }

    [GeneratedRegex("-[0-9]+$")]
    private static partial Regex Number();
}
