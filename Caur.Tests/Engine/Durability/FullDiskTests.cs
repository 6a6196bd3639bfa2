using Caur.Embedded;
using Caur.Embedded.Storage;
using Caur.Tests.Engine.Conformance;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Engine.Durability;

/// <summary>A disk that is full or may not be written: callers are told, nothing changes, and work goes on as soon as it can.</summary>
public sealed class FullDiskTests
{
    private static readonly string Large = new('x', 100_000);

    [Fact]
    public async Task Write_WhenTheDiskIsFull_FailsChangesNothingAndGoesOnWhenThereIsRoom()
    {
        await using var disk = await FullDisk.CreateAsync();
        await using var engine = new EmbeddedEngineFixture(disk.Folder);
        await engine.InitializeAsync();
        var database = engine.Services.GetRequiredService<StateDatabase>();
        var grain = engine.Client.GetGrain<IStateGrain>("kept");
        await grain.Write("kept");
        await engine.Client.GetGrain<IStateGrain>("other").Write("other");
        var before = await grain.View();

        await disk.FillAsync(database);
        var error = await Should.ThrowAsync<StateCommitException>(() => grain.Write(Large));
        error.Message.ShouldContain("full");
        (await grain.View()).Etag.ShouldBe(before.Etag);
        (await grain.Reread()).ShouldBe(before, "in storage and in memory it is as it was");
        await Should.ThrowAsync<StateCommitException>(() => engine.Client.GetGrain<IReminderGrain>(Large).Register("tick", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)));
        // Many that come together, and share commits, fail together; none is left without an answer.
        var crowd = Enumerable.Range(0, 30).Select(i => engine.Client.GetGrain<IStateGrain>($"crowd-{i}")).ToList();
        foreach (var write in crowd.Select(one => one.Write(Large)).ToList())
        {
            await Should.ThrowAsync<StateCommitException>(() => write.DefaultTimeout("the answer to a write"));
        }

        (await engine.Client.GetGrain<IStateGrain>("other").Reread()).Text.ShouldBe("other", "reading takes no room");
        (await engine.Client.GetGrain<IStateGrain>("new").View()).Exists.ShouldBeFalse();

        await disk.FreeAsync(database);
        await grain.Write("goes on");
        (await grain.Reread()).Text.ShouldBe("goes on");
        await Task.WhenAll(crowd.Take(10).Select(static one => one.Write(Large)));
        await engine.RestartAsync();
        (await engine.Client.GetGrain<IStateGrain>("kept").View()).Text.ShouldBe("goes on");
        (await engine.Client.GetGrain<IStateGrain>("crowd-9").View()).Text!.Length.ShouldBe(Large.Length);
        (await engine.Client.GetGrain<IStateGrain>("crowd-10").View()).Exists.ShouldBeFalse();
    }

    [Fact]
    public async Task Start_WhenTheFileMayNotBeWritten_IsRefusedByName()
    {
        await using var disk = await FullDisk.CreateAsync();
        await using var engine = new EmbeddedEngineFixture(disk.Folder);
        await engine.InitializeAsync();
        await engine.StopAsync();
        await disk.MakeReadOnlyAsync();
        var error = await Should.ThrowAsync<StateDatabaseException>(async () => await engine.InitializeAsync());
        error.Message.ShouldContain(engine.DatabasePath);
        error.Message.ShouldContain("read-only");
    }
}
