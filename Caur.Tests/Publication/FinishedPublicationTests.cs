using System.Runtime.Versioning;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Caur.Tests.Engine;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Publication;

[SupportedOSPlatform("linux")]
public sealed class FinishedPublicationTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private GpgOptions Gpg => new() { Home = key.Gpg.Home };

    public void Dispose() => _folder.Dispose();

    /// <summary>What was begun is finished even when the record of its order cannot be read any more.</summary>
    [Fact]
    public async Task Activation_WhenAnIntentHasLostItsOrder_FinishesItAllTheSame()
    {
        var target = new TargetId("farm", "x86_64");
        var steps = new StepActions();
        steps.Once(PublicationStep.PackagesPlaced, () => throw new IOException("stopped"));
        PublishOrder order;
        await using (var hub = await PublicationHub.StartAsync(_folder["data"], Gpg, new PublicationHubOptions { Probe = steps }))
        {
            order = await hub.LandAsync(target, "p", new BuiltPackage("p", "1-1"));
            await hub.CompleteAsync(order);
            await hub.UntilAsync(async () => (await hub.Repository(target).GetAsync()).Problem.Contains("stopped"), () => "it is stopped");
        }

        var state = Path.Combine(_folder["data"], "caur.db");
        EngineRecords.Write(state, EngineRecords.All(state).Single(static record => record.Name == "order-0") with { Data = [0x00, 0xFF, 0x7B] });

        await using var next = await PublicationHub.StartAsync(_folder["data"], Gpg);
        await next.UntilAsync(async () => (await next.Repository(target).GetAsync()).Generation == 1, () => "it is finished");
        // The build hears of it when the queue asks.
        await next.UntilAsync(
            async () => (await next.Repository(target).GetPublicationAsync(order.Build, 1)).State == PublicationState.Published, () => "it is known");
        await next.Build(order.Build).ReconcileAsync();
        (await next.PublishedAsync(order.Build)).Generation.ShouldBe(1);
    }

    /// <summary>Two repositories may have different files of one name, and their archives must not mix.</summary>
    [Fact]
    public async Task CollectAsync_WhenTwoRepositoriesHaveFilesOfOneName_KeepsTheirArchivesApart()
    {
        await using var hub = await PublicationHub.StartAsync(_folder["data"], Gpg, new PublicationHubOptions
        {
            Store = new RepositoryStoreOptions { KeepGenerations = 1, GenerationGrace = TimeSpan.Zero, FileGrace = TimeSpan.Zero },
        });
        foreach (var name in new[] { "one", "two" })
        {
            var target = new TargetId(name, "x86_64");
            foreach (var version in new[] { "1-1", "2-1" })
            {
                var order = await hub.LandAsync(target, "p", new BuiltPackage("p", version) { Content = name });
                await hub.CompleteAsync(order);
                await hub.PublishedAsync(order.Build);
            }

            await hub.Publisher.CollectAsync(target, TestContext.Current.CancellationToken);
        }

        foreach (var name in new[] { "one", "two" })
        {
            var expected = new BuiltPackage("p", "1-1") { Content = name };
            (await File.ReadAllBytesAsync(Path.Combine(hub.Folders.Archive, name, "x86_64", expected.FileName), TestContext.Current.CancellationToken))
                .ShouldBe(expected.ToArchive());
        }
    }
}
