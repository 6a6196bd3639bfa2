using Caur.Contracts.Builds;
using Caur.Grains.Following;
using Caur.Grains.Queue;
using Caur.Grains.State;
using Caur.Silo.Cli;
using Caur.Silo.Configuration;
using Caur.Silo.Engines;
using Caur.Silo.Hub;
using Caur.Silo.StateTransfer;
using Caur.Storage.State;
using Caur.Tests.Cli;
using Caur.Tests.Grains;
using Caur.Tests.StateTransfer;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Metadata;
using Orleans.Runtime;
using StackExchange.Redis;

namespace Caur.Tests.Engine;

/// <summary>State into a cluster's Redis and out of it: what Orleans' own providers then read, and what they wrote.</summary>
public sealed class OrleansTransferTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly List<string> _said = [];

    /// <summary>What stands for a cluster in a test; its name is made of it.</summary>
    private readonly string _path = $"/{Guid.NewGuid():N}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Cluster => TestSilos.ServiceOf(_path);

    [Fact]
    public void GrainTypes_OfOrleans_AreThoseThatStateIsFoundBy()
    {
        using var host = new HostBuilder().UseOrleansClient(static client => client.UseLocalhostClustering()).Build();
        var resolver = host.Services.GetRequiredService<GrainTypeResolver>();

        typeof(GrainStorageNames).Assembly.GetTypes().Where(static type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(Grain)))
            .Select(type => resolver.GetGrainType(type).ToString()!).ShouldBe(FarmGrains.Types, ignoreOrder: true);
    }

    [Fact]
    public async Task Import_OfAnExport_IsWhatOrleansProvidersRead()
    {
        await ImportAsync(StateSamples.Entries);

        await using var storage = await TestStorage.OpenAsync(_path);
        await ReadAsync<FollowState>("sourcerepository/packages", "following");
        await ReadAsync<QueueSlot>("buildqueue/x86_64", "queue-17");
        await ReadAsync<QueueSettings>("buildqueue/x86_64", "settings-2");
        foreach (var damaged in new[] { "queue-1", "queue-2", "queue-3", "settings" })
        {
            (await Should.ThrowAsync<Exception>(() => storage.Storage.ReadStateAsync(damaged, GrainId.Parse("buildqueue/x86_64"), new GrainState<QueueSettings>())))
                .Message.ShouldContain(nameof(StateUnreadableException), customMessage: damaged);
        }

        await using var orleans = await OrleansAsync();
        var reminders = orleans.Services.GetRequiredService<IReminderTable>();
        foreach (var expected in StateSamples.Entries.OfType<StateReminder>())
        {
            var found = (await reminders.ReadRow(GrainId.Parse(expected.Grain), expected.Name)).ShouldNotBeNull();
            (found.StartAt.ToUniversalTime(), found.Period).ShouldBe((expected.Start, expected.Period));
            (await reminders.ReadRows(GrainId.Parse(expected.Grain))).Reminders.ShouldHaveSingleItem().ReminderName.ShouldBe(expected.Name);
            var hash = GrainId.Parse(expected.Grain).GetUniformHashCode();
            (await reminders.ReadRows(hash - 1, hash)).Reminders.ShouldContain(one => one.ReminderName == expected.Name);
        }

        async Task ReadAsync<T>(string grain, string name)
        {
            var state = new GrainState<T>();
            await storage.Storage.ReadStateAsync(name, GrainId.Parse(grain), state);
            state.RecordExists.ShouldBeTrue(name);
            var bytes = ((StateRecord)StateSamples.Entries.Single(one => one is StateRecord record && record.Grain == grain && record.State == name)).Data;
            new GrainStateSerializer().Serialize(state.State).ToArray().ShouldBe(new GrainStateSerializer().Serialize(new GrainStateSerializer().Deserialize<T>(BinaryData.FromBytes(bytes))).ToArray());

            // And goes on from there.
            await storage.Storage.WriteStateAsync(name, GrainId.Parse(grain), state);
        }
    }

    [Fact]
    public async Task Export_OfAnImport_GivesTheSameBytes()
    {
        await ImportAsync(StateSamples.Entries);

        var file = await ExportAsync();

        StateSamples.Shown(await StateSamples.ReadAsync(file)).ShouldBe(StateSamples.Shown(StateSamples.Entries));
    }

    [Fact]
    public async Task Export_OfWhatOrleansProvidersWrote_HasItAndNotWhatTheyCleared()
    {
        await using (var storage = await TestStorage.OpenAsync(_path))
        {
            var (kept, cleared) = (new GrainState<SlotCursor>(new SlotCursor { Slots = 256 }), new GrainState<SlotCursor>(new SlotCursor { Slots = 1 }));
            await storage.Storage.WriteStateAsync("queue-cursor", GrainId.Parse("buildqueue/x86_64"), kept);
            await storage.Storage.WriteStateAsync("queue-cursor", GrainId.Parse("buildqueue/aarch64"), cleared);
            await storage.Storage.ClearStateAsync("queue-cursor", GrainId.Parse("buildqueue/aarch64"), cleared);
        }

        await using (var orleans = await OrleansAsync())
        {
            await orleans.Services.GetRequiredService<IReminderTable>().UpsertRow(new ReminderEntry
            {
                GrainId = GrainId.Parse("sourcerepository/ü \"x\""),
                ReminderName = "poll",
                StartAt = StateSamples.Time,
                Period = TimeSpan.FromMinutes(5),
            });
        }

        (await StateSamples.ReadAsync(await ExportAsync())).Select(one => one is StateRecord record ? $"{one.Title}: {System.Text.Encoding.UTF8.GetString(record.Data.Span)}" : $"{one.Title}: {(StateReminder)one}")
            .ShouldBe(
            [
                """the record 'queue-cursor' of buildqueue/x86_64: {"v":1,"s":{"slots":256}}""",
                $"the reminder 'poll' of sourcerepository/ü \"x\": {new StateReminder("sourcerepository/ü \"x\"", "poll", StateSamples.Time, TimeSpan.FromMinutes(5), null)}",
            ]);
    }

    [Fact]
    public async Task ExportAndImport_OfAFarm_TakeItAlongAndItGoesOn()
    {
        // Silos that end call it an error when the other has ended before.
        await using var farm = await Grains.Farm.StartAsync(expectsErrors: true);
        await farm.Queue.PauseAsync(true);
        var waiting = await farm.EnqueueAsync("waiting");
        var behind = await farm.EnqueueAsync("behind", "waiting");
        var service = TestSilos.ServiceOf(farm.DatabasePath);

        await farm.RestartAsync(async () =>
        {
            var file = await ExportAsync(service);
            var redis = await TestRedis.ConnectAsync();
            await redis.GetDatabase().KeyDeleteAsync([.. redis.GetServers().Single().Keys(pattern: $"{service}/*")]);
            await ImportAsync(await StateSamples.ReadAsync(file), service);
        });

        (await farm.Queue.GetAsync()).Paused.ShouldBeTrue();
        await farm.Queue.PauseAsync(false);
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.BuildAllAsync();
        await farm.WaitForAsync(behind, BuildState.Published);
        farm.Publisher.Published.ShouldBe([waiting, behind]);
    }

    [Fact]
    public async Task Import_KilledInTheMiddle_KeepsSilosAwayUntilItIsRepeated()
    {
        var redis = await TestRedis.ConnectAsync();
        (await OrleansStateStore.ProblemAtStartAsync(redis, Cluster)).ShouldBeNull();
        await using (var store = await OpenAsync())
        {
            await using var import = await store.BeginImportAsync(Token);
            for (var i = 0; i < 600; i++)
            {
                await import.AddAsync(new StateRecord("buildqueue/x86_64", $"left-{i}", "{}"u8.ToArray(), IsDamaged: false), Token);
            }

            await import.AddAsync(StateSamples.Entries.OfType<StateReminder>().Last() with { Name = "left" }, Token);

            // While it runs, no other begins.
            (await Should.ThrowAsync<StateTransferException>(() => ImportAsync(StateSamples.Entries))).Message.ShouldContain("another import into this cluster runs");
        }

        (await OrleansStateStore.ProblemAtStartAsync(redis, Cluster))!.ShouldContain("repeat 'caur state import' until it says that it is done");
        var settings = ClusterSettings.Read(name => Environment().GetValueOrDefault(name)).ShouldNotBeNull();
        await using var connection = new OrleansRedis(settings);
        (await Should.ThrowAsync<HubSettingsException>(() => new OrleansRedisCheck(connection, _clock, NullLogger<OrleansRedisCheck>.Instance).StartingAsync(Token)))
            .Message.ShouldContain($"an import of state into the cluster '{Cluster}' has not ended");
        (await Should.ThrowAsync<StateTransferException>(() => ExportAsync())).Message.ShouldContain("has not ended");
        await ImportAsync(StateSamples.Entries);

        (await OrleansStateStore.ProblemAtStartAsync(redis, Cluster)).ShouldBeNull();
        _said.ShouldBe(["an earlier import was interrupted; what it left is removed"]);
        StateSamples.Shown(await StateSamples.ReadAsync(await ExportAsync())).ShouldBe(StateSamples.Shown(StateSamples.Entries));
        redis.GetServers().Single().Keys(pattern: $"{Cluster}/*").Select(key => key.ToString()).Where(key => !key.Contains("/state/", StringComparison.Ordinal)).ShouldBe([$"{Cluster}/reminders"]);
    }

    [Fact]
    public async Task Verbs_WithAClustersSettings_MoveItsState()
    {
        var file = await StateSamples.FileAsync(StateSamples.Entries);

        var imported = await CliRun.RunAsync(["state", "import", "-"], Environment(), inputBytes: file);
        var exported = await CliRun.RunAsync(["state", "export", "-"], Environment());

        imported.Succeeded().Output.ShouldBe("Imported 19 records and 2 reminders that were exported from /var/lib/caur at 2026-01-02 03:04:05 UTC.\n");
        StateSamples.Shown(await StateSamples.ReadAsync(exported.Succeeded().Bytes)).ShouldBe(StateSamples.Shown(StateSamples.Entries));
        exported.Error.ShouldContain($"Exported 19 records and 2 reminders of the cluster '{Cluster}'.");

        var without = await CliRun.RunAsync(["state", "export", "-"]);
        (without.ExitCode, without.Error).ShouldBe((ExitCodes.Failed, "caur: CAUR_REDIS is needed: it names the Redis that has the cluster's state (docs/cluster.md)\n"));
        var elsewhere = await CliRun.RunAsync(["state", "export", "-"], new Dictionary<string, string> { ["CAUR_REDIS"] = $"127.0.0.1:{TestRedis.FreePort()}" });
        elsewhere.ExitCode.ShouldBe(ExitCodes.Failed);
        elsewhere.Error.ShouldContain("(CAUR_REDIS) cannot be used");
    }

    [Fact]
    public async Task Import_IntoAClusterThatHasState_NamesItAndChangesNothing()
    {
        await ImportAsync(StateSamples.Entries.Take(2));

        var refused = await Should.ThrowAsync<StateTransferException>(() => ImportAsync(StateSamples.Entries));

        refused.Message.ShouldStartWith($"the cluster '{Cluster}' has 2 records and 0 reminders already");
        refused.Message.ShouldContain("CAUR_CLUSTER_ID");
        (await StateSamples.ReadAsync(await ExportAsync())).Count.ShouldBe(2);
    }

    [Fact]
    public async Task State_OfAClusterThatRuns_IsLeftAlone()
    {
        await using var orleans = await OrleansAsync();
        var members = orleans.Services.GetRequiredService<IMembershipTable>();
        await members.InitializeMembershipTable(true);
        var silo = new MembershipEntry
        {
            SiloAddress = SiloAddress.FromParsableString("10.0.0.1:11111@100"),
            SiloName = "control-1",
            HostName = "h",
            Status = SiloStatus.Active,
            StartTime = _clock.GetUtcNow().UtcDateTime,
            IAmAliveTime = _clock.GetUtcNow().UtcDateTime,
        };
        (await members.InsertRow(silo, new TableVersion(1, "1"))).ShouldBeTrue();

        (await Should.ThrowAsync<StateTransferException>(() => ExportAsync())).Message.ShouldStartWith("the cluster runs: its silo control-1 said at 00:00:00 UTC that it lives");
        (await Should.ThrowAsync<StateTransferException>(() => ImportAsync(StateSamples.Entries))).Message.ShouldStartWith("the cluster runs");
        (await OrleansStateStore.ProblemAtStartAsync(await TestRedis.ConnectAsync(), Cluster)).ShouldBeNull("nothing was begun");

        // One whose clock is another: it is seen to live.
        _clock.Advance(TimeSpan.FromMinutes(10));
        var watched = ExportAsync();
        await _clock.ArmedAsync(TimeSpan.FromSeconds(25));
        silo.IAmAliveTime += TimeSpan.FromSeconds(10);
        await members.UpdateIAmAlive(silo);
        _clock.Advance(TimeSpan.FromSeconds(25));
        (await Should.ThrowAsync<StateTransferException>(() => watched)).Message.ShouldStartWith("the cluster runs");

        // One that was killed, and nobody was left to tell.
        _clock.Advance(TimeSpan.FromMinutes(10));
        watched = ExportAsync();
        await _clock.ArmedAsync(TimeSpan.FromSeconds(25));
        _clock.Advance(TimeSpan.FromSeconds(25));
        (await StateSamples.ReadAsync(await watched)).ShouldBeEmpty();

        silo.Status = SiloStatus.Dead;
        silo.IAmAliveTime = _clock.GetUtcNow().UtcDateTime;
        (await members.UpdateRow(silo, "1", new TableVersion(2, "2"))).ShouldBeTrue();
        await ImportAsync(StateSamples.Entries);
    }

    private Dictionary<string, string> Environment() => new() { ["CAUR_REDIS"] = TestRedis.Address, ["CAUR_CLUSTER_ID"] = Cluster };

    /// <summary>Orleans' own tables, of a host that does not start.</summary>
    private async Task<OrleansHost> OrleansAsync()
    {
        var redis = await TestRedis.ConnectAsync();
        var host = new HostBuilder().UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = (Cluster, Cluster));
            silo.UseRedisClustering(options =>
            {
                options.ConfigurationOptions = new ConfigurationOptions();
                options.CreateMultiplexer = _ => Task.FromResult((redis, true));
            });
            silo.UseRedisReminderService(options =>
            {
                options.ConfigurationOptions = new ConfigurationOptions();
                options.CreateMultiplexer = _ => Task.FromResult((redis, true));
            });
        }).Build();
        await host.Services.GetRequiredService<IReminderTable>().StartAsync(Token);
        return new OrleansHost(host);
    }

    private async Task<OrleansStateStore> OpenAsync(string? service = null) =>
        new(await TestRedis.ConnectAsync(), service ?? Cluster, new StatePlace("/", static _ => null, StateUse.Import, _said.Add, _clock));

    private async Task ImportAsync(IEnumerable<StateEntry> entries, string? service = null)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, await StateSamples.FileAsync(entries), Token);
            await using var source = await StateFileSource.OpenAsync(path, static () => Stream.Null, Token);
            await using var store = await OpenAsync(service);
            await new StateTransferRun(store, _said.Add, _clock).ImportAsync(source, Token);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async Task<byte[]> ExportAsync(string? service = null)
    {
        var file = new MemoryStream();
        await using var store = await OpenAsync(service);
        await new StateTransferRun(store, _said.Add, _clock).ExportAsync(file, Token);
        return file.ToArray();
    }

    private sealed class OrleansHost(IHost host) : IAsyncDisposable
    {
        public IServiceProvider Services => host.Services;

        public ValueTask DisposeAsync() => host is IAsyncDisposable services ? services.DisposeAsync() : ValueTask.CompletedTask;
    }
}
