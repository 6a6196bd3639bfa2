using Caur.Silo.Hub;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Tests.Api;
using Caur.Tests.Engine;
using Caur.Tests.Notifications;
using Caur.Tests.Storage.Support;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Ssh;

/// <summary>A hub whose builders are to bring archives by SFTP.</summary>
public sealed class SftpHubTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_WhenTheFolderForArchivesIsNoneItCanUse_SaysSoOnceAndGoesOn(bool canUseIt)
    {
        using var folder = new TemporaryFolder();
        var log = new AllLines();
        var folders = DataFolders.Resolve(folder.Path);
        folders.Create();
        var incoming = Path.Combine(folders.Landing, LandingZone.IncomingFolderName);
        if (!canUseIt)
        {
            await File.WriteAllTextAsync(incoming, "", Token);
        }

        await using var hub = HubHost.Build(
            TestEngine.Complete(new HubSettings { DataFolder = folders.Root, WebPort = 0, RunAgent = false, Variable = Variable }), builder => builder.Logging.ClearProviders().AddProvider(log));
        await hub.StartAsync(Token);
        await ApiHub.UntilAsync(() => Task.FromResult(log.Lines.Any(line => line.Contains("The farm is up", StringComparison.Ordinal))), "its start");
        await hub.StopAsync(Token);

        var said = log.Lines.Where(line => line.Contains(incoming, StringComparison.Ordinal)).ToList();
        if (canUseIt)
        {
            said.ShouldBeEmpty();
            Directory.EnumerateFileSystemEntries(incoming).ShouldBeEmpty();
        }
        else
        {
            said.ShouldHaveSingleItem().ShouldStartWith($"Warning No archive can be taken over by SFTP, and all go through the gateway: the hub's user has to own {incoming}, to read, enter and write it: ");
        }
    }

    private static string? Variable(string name) => name switch
    {
        "PACKAGE_REPOS" => """{"packages":{"url":"https://example.org/packages.git"}}""",
        "PACKAGE_TARGET_REPOS" => """{"farm":{}}""",
        "DATABASE_HOST" => "farm.example.org",
        _ => null,
    };
}
