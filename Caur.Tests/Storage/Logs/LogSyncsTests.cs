using Caur.Storage.Logs;
using Caur.Tests.Storage.Support;
using Microsoft.Win32.SafeHandles;

namespace Caur.Tests.Storage.Logs;

/// <summary>Syncs that are shared are nobody's less.</summary>
public sealed class LogSyncsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(200)]
    public async Task SyncAsync_WhenManyAskAtOnce_AnswersEach(int count)
    {
        using var syncs = new LogSyncs(_folder.Path);
        var files = Enumerable.Range(0, count).Select(Open).ToList();
        await Task.WhenAll(files.Select(syncs.SyncAsync)).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System, TestContext.Current.CancellationToken);
        files.ForEach(static file => file.Dispose());
    }

    [Fact]
    public async Task SyncAsync_WhenAFileCannotBeSynced_TellsItsCallerAlone()
    {
        using var syncs = new LogSyncs(_folder.Path);
        using var sound = Open(1);
        var closed = Open(2);
        closed.Dispose();
        var (bad, good) = (syncs.SyncAsync(closed), syncs.SyncAsync(sound));
        await good;
        await Should.ThrowAsync<ObjectDisposedException>(() => bad);
    }

    [Fact]
    public async Task Dispose_WhenSyncsWereAskedFor_LetsThemEnd()
    {
        var syncs = new LogSyncs(_folder.Path);
        using var file = Open(1);
        var asked = Enumerable.Range(0, 20).Select(_ => syncs.SyncAsync(file)).ToList();
        syncs.Dispose();
        asked.ShouldAllBe(static sync => sync.IsCompletedSuccessfully);
        await Should.ThrowAsync<ObjectDisposedException>(() => syncs.SyncAsync(file));
    }

    private SafeFileHandle Open(int number) => File.OpenHandle(_folder[$"{number}.live"], FileMode.Create, FileAccess.ReadWrite);
}
