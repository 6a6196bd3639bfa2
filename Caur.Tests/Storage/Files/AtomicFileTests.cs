using System.Runtime.Versioning;
using Caur.Storage.Files;
using Caur.Storage.Processes;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Storage.Files;

[SupportedOSPlatform("linux")]
public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var done = await TestGpg.Processes.RunAsync(new ProcessRequest { FileName = program, Arguments = arguments }, Token);
        done.ExitCode.ShouldBe(0, done.Error);
        return done.OutputText.Trim();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WriteAsync_WhenFileExists_ReplacesItReadableForAll()
    {
        var path = _folder["a"];
        await File.WriteAllTextAsync(path, "old", Token);

        await AtomicFile.WriteAsync(path, "new"u8.ToArray(), Token);

        (await File.ReadAllTextAsync(path, Token)).ShouldBe("new");
        File.GetUnixFileMode(path).ShouldBe(AtomicFile.Readable);
        Directory.GetFileSystemEntries(_folder.Path).ShouldBe([path]);
    }

    [Fact]
    public async Task WriteAsync_WhenWriterFails_LeavesTheOldFileAndNothingElse()
    {
        var path = _folder["a"];
        await File.WriteAllTextAsync(path, "old", Token);

        await Should.ThrowAsync<InvalidDataException>(() => AtomicFile.WriteAsync(
            path,
            async (stream, token) =>
            {
                await stream.WriteAsync("half"u8.ToArray(), token);
                throw new InvalidDataException();
            },
            Token));

        (await File.ReadAllTextAsync(path, Token)).ShouldBe("old");
        Directory.GetFileSystemEntries(_folder.Path).ShouldBe([path]);
    }

    /// <summary>As root, for a farm of another user: nobody else may see the file as root's, not for a moment.</summary>
    [Fact]
    public async Task InheritOwner_BeforeTheFileAppears_GivesItToTheFoldersOwner()
    {
        var owner = "0";
        if (Environment.IsPrivilegedProcess)
        {
            owner = "1234";
            await RunAsync("chown", "1234:1234", _folder.Path);
        }
        else
        {
            owner = await RunAsync("id", "-u");
        }

        await using var file = AtomicFile.Begin(_folder["a"]);
        file.InheritOwner();

        (await RunAsync("stat", "-c", "%u", Directory.GetFiles(_folder.Path).ShouldHaveSingleItem())).ShouldBe(owner);
    }

    [Fact]
    public async Task Begin_WhenNotYetCommitted_ShowsOnlyAHiddenName()
    {
        await using var file = AtomicFile.Begin(_folder["a"]);
        await file.Stream.WriteAsync("x"u8.ToArray(), Token);

        File.Exists(_folder["a"]).ShouldBeFalse();
        var name = Path.GetFileName(Directory.GetFiles(_folder.Path).ShouldHaveSingleItem());
        name[0].ShouldBe('.');
        AtomicFile.IsTemporary(name).ShouldBeTrue();
    }

    [Fact]
    public async Task Sweep_WhenTemporariesAreLeft_RemovesTheOldOnesOnly()
    {
        var old = AtomicFile.NewTemporary(_folder["a"]);
        var oldFolder = AtomicFile.NewTemporary(_folder["b"]);
        var young = AtomicFile.NewTemporary(_folder["c"]);
        await File.WriteAllTextAsync(old, "", Token);
        Directory.CreateDirectory(Path.Combine(oldFolder, "inner"));
        await File.WriteAllTextAsync(young, "", Token);
        await File.WriteAllTextAsync(_folder["kept"], "", Token);
        var now = new DateTimeOffset(File.GetLastWriteTimeUtc(young), TimeSpan.Zero);
        File.SetLastWriteTimeUtc(old, now.UtcDateTime.AddHours(-2));
        Directory.SetLastWriteTimeUtc(oldFolder, now.UtcDateTime.AddHours(-2));

        AtomicFile.Sweep(_folder.Path, now.AddHours(-1)).ShouldBe(2);

        Directory.GetFileSystemEntries(_folder.Path).ShouldBe([young, _folder["kept"]], ignoreOrder: true);
    }

    [Fact]
    public async Task ReplaceAsync_WhenLinkPointsToAFolder_MovesTheLinkAndNotIntoTheFolder()
    {
        Directory.CreateDirectory(_folder["1"]);
        Directory.CreateDirectory(_folder["2"]);

        (await Symlinks.ReplaceAsync(_folder["current"], "1", Token)).ShouldBeTrue();
        (await Symlinks.ReplaceAsync(_folder["current"], "2", Token)).ShouldBeTrue();
        (await Symlinks.ReplaceAsync(_folder["current"], "2", Token)).ShouldBeFalse();

        Symlinks.Read(_folder["current"]).ShouldBe("2");
        Symlinks.Read(_folder["none"]).ShouldBeNull();
        Directory.GetFileSystemEntries(_folder["1"]).ShouldBeEmpty();
        Directory.GetFileSystemEntries(_folder["2"]).ShouldBeEmpty();
        Directory.GetFileSystemEntries(_folder.Path).Length.ShouldBe(3);
    }

    [Fact]
    public async Task ReplaceAsync_WhileOthersRead_IsNeverAbsent()
    {
        var link = _folder["current"];
        await Symlinks.ReplaceAsync(link, "0", Token);
        using var done = new CancellationTokenSource();
        var reader = Task.Run(
            () =>
            {
                var reads = 0;
                do
                {
                    Symlinks.Read(link).ShouldNotBeNull();
                    reads++;
                }
                while (!done.IsCancellationRequested);

                return reads;
            },
            Token);

        for (var number = 1; number <= 200; number++)
        {
            await Symlinks.ReplaceAsync(link, $"{number}", Token);
        }

        await done.CancelAsync();
        (await reader.DefaultTimeout("reader")).ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("/dev/shm")]
    public async Task LinkOrCopyAsync_WhereverTheFileIs_ItAppearsWholeAndReadable(string? elsewhere)
    {
        Assert.SkipUnless(elsewhere is null || Directory.Exists(elsewhere), "there is no second file system");
        var source = Path.Combine(elsewhere ?? _folder.Path, $"caur-test-{Guid.NewGuid()}");
        var content = new byte[700_000];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(source, content, Token);
        File.SetUnixFileMode(source, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(_folder["target"], "old", Token);

        await FilePlacement.LinkOrCopyAsync(source, _folder["target"], Token);
        await FilePlacement.LinkOrCopyAsync(source, _folder["target"], Token);
        File.Delete(source);

        (await File.ReadAllBytesAsync(_folder["target"], Token)).AsSpan().SequenceEqual(content).ShouldBeTrue();
        File.GetUnixFileMode(_folder["target"]).ShouldBe(AtomicFile.Readable);
        Directory.GetFileSystemEntries(_folder.Path).ShouldBe([_folder["target"]]);
    }
}
