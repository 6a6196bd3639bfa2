using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Tests.Fire;
using Caur.Tests.Notifications;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Storage.Landing;

/// <summary>The folder of the landing zone into which others put files, whatever they put there.</summary>
public sealed class IncomingTests : IDisposable
{
    private const string Build = "farm/x86_64/hello/1900000000000";
    private const string FileName = "hello-1-1-any.pkg.tar.zst";

    private readonly AllLines _log = new();
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new();
    private readonly byte[] _bytes = new byte[100_000];
    private readonly string _sha256;
    private readonly LandingZone _landing;

    public IncomingTests()
    {
        new Random(1).NextBytes(_bytes);
        _sha256 = Convert.ToHexStringLower(SHA256.HashData(_bytes));
        _landing = new LandingZone(_folder["landing"], LoggerFactory.Create(logging => logging.AddProvider(_log)).CreateLogger<LandingZone>(), _time);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Take_OfWhatLiesThere_CopiesItAndRemovesItThere()
    {
        var place = Place();
        await File.WriteAllBytesAsync(place, _bytes, Token);
        await using var writer = new FileStream(place, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

        (await TakeAsync()).Result.ShouldNotBeNull().Status.ShouldBe(LandingStatus.Stored);

        // Whoever wrote it has it open still, and reaches nothing that is published.
        writer.Write("other"u8);
        await writer.FlushAsync(Token);
        var landed = _landing.List(Build, 1).ShouldHaveSingleItem();
        (await File.ReadAllBytesAsync(landed.Path, Token)).ShouldBe(_bytes);
        File.Exists(place).ShouldBeFalse();
        (await TakeAsync()).Result!.Status.ShouldBe(LandingStatus.AlreadyThere);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Expect_OfSeveralProcessesAtOnce_NamesTheSamePlace(bool damaged)
    {
        for (var round = 0; round < 10; round++)
        {
            var root = Directory.CreateDirectory(_folder[$"shared{round}"]).FullName;
            if (damaged)
            {
                await File.WriteAllBytesAsync(Path.Combine(root, ".incoming.key"), [], Token);
            }

            using var together = new Barrier(3);
            var names = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    var zone = new LandingZone(root);
                    together.SignalAndWait(Token);
                    return zone.Expect(Build, 1, FileName, _bytes.Length, _sha256).Name;
                },
                Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

            names.Distinct().ShouldHaveSingleItem().ShouldNotBeNull();
        }
    }

    [Fact]
    public void Expect_ForEachFile_NamesAPlaceThatNobodyGuessesAndThatARestartKeeps()
    {
        var name = Name();

        new LandingZone(_folder["landing"]).Expect(Build, 1, FileName, _bytes.Length, _sha256.ToUpperInvariant()).Name.ShouldBe(name, "a cut upload goes on after a restart");
        new LandingZone(_folder["another"]).Expect(Build, 1, FileName, _bytes.Length, _sha256).Name.ShouldNotBe(name, "it does not follow from what a builder knows");
        string?[] others =
        [
            _landing.Expect(Build, 2, FileName, _bytes.Length, _sha256).Name, _landing.Expect("farm/x86_64/hello/1900000000001", 1, FileName, _bytes.Length, _sha256).Name,
            _landing.Expect(Build, 1, "a" + FileName, _bytes.Length, _sha256).Name, _landing.Expect(Build, 1, FileName, _bytes.Length, new string('0', 64)).Name, name,
        ];
        others.Distinct().Count().ShouldBe(5);
        others.ShouldAllBe(one => one!.Length == 64 && one.All(char.IsAsciiHexDigitLower));
        File.GetUnixFileMode(_folder["landing", ".incoming.key"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(_landing.IncomingFolder).ShouldBe((UnixFileMode)0b011_111_011_000, "others of its group write what they know the name of, list nothing and remove only their own");
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task Expect_OfANameThatIsNone_IsRefused(string fileName)
    {
        _landing.Expect(Build, 1, fileName, 1, _sha256).Result.ShouldNotBeNull().Status.ShouldBe(LandingStatus.BadName);
        (await _landing.TakeAsync(Build, 1, fileName, 1, _sha256, _ => Task.CompletedTask, Token)).Result.ShouldNotBeNull().Status.ShouldBe(LandingStatus.BadName);
        _landing.ForgetIncoming(Build, 1, fileName, 1, _sha256);
    }

    [Theory]
    [InlineData("link")]
    [InlineData("second name")]
    [InlineData("pipe")]
    [InlineData("folder")]
    [InlineData("dangling link")]
    public async Task Take_OfWhatIsNoFileOfItsOwn_IsRefusedAndTouchesNothingElse(string kind)
    {
        var place = Place();
        var elsewhere = _folder["elsewhere"];
        await File.WriteAllBytesAsync(elsewhere, _bytes, Token);
        switch (kind)
        {
            case "link":
                File.CreateSymbolicLink(place, elsewhere);
                break;
            case "dangling link":
                File.CreateSymbolicLink(place, _folder["nowhere"]);
                break;
            case "second name":
                (await Caur.Tests.Support.Processes.RunAsync("ln", [elsewhere, place])).ExitCode.ShouldBe(0);
                break;
            case "pipe":
                (await Caur.Tests.Support.Processes.RunAsync("mkfifo", [place])).ExitCode.ShouldBe(0);
                break;
            default:
                Directory.CreateDirectory(place);
                break;
        }

        _landing.Expect(Build, 1, FileName, _bytes.Length, _sha256).Offset.ShouldBe(kind == "second name" ? _bytes.Length : 0);
        (await TakeAsync().DefaultTimeout("the refusal")).Result.ShouldNotBeNull().IsThere.ShouldBeFalse();

        new FileInfo(place).Exists.ShouldBeFalse();
        Directory.Exists(place).ShouldBeFalse();
        (await File.ReadAllBytesAsync(elsewhere, Token)).ShouldBe(_bytes);
        _landing.List(Build, 1).ShouldBeEmpty();
    }

    [Fact]
    public async Task Take_OfOtherContent_IsRefusedAndRemoved()
    {
        var place = Place();
        _bytes[5] ^= 1;
        await File.WriteAllBytesAsync(place, _bytes, Token);
        (await TakeAsync()).Result!.Status.ShouldBe(LandingStatus.HashMismatch);
        File.Exists(place).ShouldBeFalse();

        // Too much, as of two sessions that wrote at once.
        await File.WriteAllBytesAsync(place, [.. _bytes, 1], Token);
        (await TakeAsync()).Result!.Status.ShouldBe(LandingStatus.SizeMismatch);
        File.Exists(place).ShouldBeFalse();
        await File.WriteAllBytesAsync(place, [.. _bytes, 1], Token);
        _landing.Expect(Build, 1, FileName, _bytes.Length, _sha256).Offset.ShouldBe(0);
        File.Exists(place).ShouldBeFalse();

        // Too little is what goes on.
        await File.WriteAllBytesAsync(place, _bytes.AsMemory(0, 70_000), Token);
        var part = await TakeAsync();
        (part.Result, part.Offset, part.IsElsewhere).ShouldBe((null, 70_000, true));
        _landing.Expect(Build, 1, FileName, _bytes.Length, _sha256).Offset.ShouldBe(70_000);
        File.Exists(place).ShouldBeTrue();
        _landing.List(Build, 1).ShouldBeEmpty();
    }

    [Fact]
    public async Task Take_AskedForSeveralTimesAtOnce_IsOne()
    {
        await File.WriteAllBytesAsync(Place(), _bytes, Token);

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TakeAsync()));

        taken.ShouldAllBe(one => one.Result != null && one.Result.IsThere);
        _landing.List(Build, 1).ShouldHaveSingleItem().Size.ShouldBe(_bytes.Length);
    }

    [Fact]
    public async Task Take_ThatManyAskForAndNobodyWaitsFor_TellsWhatBecameOfItOnce()
    {
        await File.WriteAllBytesAsync(Place(), _bytes, Token);
        var (told, asked) = (new TaskCompletionSource<PieceResult>(), new TaskCompletionSource());
        var times = 0;

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Should.ThrowAsync<OperationCanceledException>(
            _landing.TakeAsync(Build, 1, FileName, _bytes.Length, _sha256, TellAsync, new CancellationToken(canceled: true)))));
        asked.SetResult();

        (await told.Task.DefaultTimeout("what became of it")).Result.ShouldNotBeNull().Status.ShouldBe(LandingStatus.Stored);
        times.ShouldBe(1);

        async Task TellAsync(Task<PieceResult> taking)
        {
            Interlocked.Increment(ref times);
            await asked.Task;
            told.TrySetResult(await taking);
        }
    }

    [Fact]
    public async Task Expect_OfWhatIsBeingTakenOnADiskThatIsNearlyFull_LeavesItThere()
    {
        await using var disk = await SmallDisk.CreateAsync(_folder["small"], mebibytes: 1);
        var landing = new LandingZone(disk.Folder);
        IncomingFile Expect() => landing.Expect(Build, 1, FileName, _bytes.Length, _sha256);
        var place = Path.Combine(landing.IncomingFolder, Expect().Name.ShouldNotBeNull());
        await File.WriteAllBytesAsync(place, _bytes, Token);
        await disk.FillAsync();
        (IncomingFile? Asked, bool IsThere) meanwhile = default;

        var taken = await landing.TakeAsync(Build, 1, FileName, _bytes.Length, _sha256, LookAsync, Token);

        taken.Result.ShouldNotBeNull().Status.ShouldBe(LandingStatus.NoSpace);
        meanwhile.ShouldBe((new IncomingFile(null, Path.GetFileName(place), _bytes.Length), true));
        Expect().Name.ShouldBeNull("now it is only in the way of what comes otherwise");
        File.Exists(place).ShouldBeFalse();

        Task LookAsync(Task<PieceResult> taking)
        {
            meanwhile = (Expect(), File.Exists(place));
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Folder_ThatThisUserMayNotEnter_IsOneThatCannotBeReadAndNoWrongFile()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root may be somebody else for a moment");
        var place = Place();
        await File.WriteAllBytesAsync(place, _bytes, Token);
        foreach (var folder in (string[])[_folder.Path, _folder["landing"]])
        {
            File.SetUnixFileMode(folder, DataFolders.Public);
        }

        File.SetUnixFileMode(_landing.IncomingFolder, DataFolders.Private);
        AsNobody(() => Libc.OpenPlain(place, out _)).ShouldBeOfType<UnauthorizedAccessException>();
        AsNobody(() => _landing.IncomingProblem()).ShouldBeOfType<string>().ShouldContain("denied");
        _landing.IncomingProblem().ShouldBeNull();
        Directory.EnumerateFileSystemEntries(_landing.IncomingFolder).ShouldBe([place]);

        // As a file system that cannot be written to refuses root too.
        (await Caur.Tests.Support.Processes.RunAsync("mount", ["--bind", "-o", "ro", _landing.IncomingFolder, _landing.IncomingFolder])).ExitCode.ShouldBe(0);
        try
        {
            _landing.IncomingProblem().ShouldNotBeNull().ShouldContain("Read-only");

            // What cannot be removed is said, and once for all.
            (await TakeAsync()).Result!.Status.ShouldBe(LandingStatus.Stored);
            _landing.ForgetIncoming(Build, 1, FileName, _bytes.Length, _sha256);
            _log.Lines.ShouldHaveSingleItem().ShouldStartWith($"Warning What came by SFTP stays in the way: {place} cannot be looked at or removed: ");
        }
        finally
        {
            await Caur.Tests.Support.Processes.RunAsync("umount", [_landing.IncomingFolder]);
        }
    }

    [Fact]
    public void Expect_WhileTheFolderCannotBeUsed_NamesNoPlaceAndLooksAnewAfterAMinute()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root may be somebody else for a moment");
        var name = Name();

        // As docs/builders.md has it, but owned by another than the hub: it may be entered, and not be listed.
        foreach (var folder in (string[])[_folder.Path, _folder["landing"]])
        {
            File.SetUnixFileMode(folder, DataFolders.Public);
        }

        File.SetUnixFileMode(_landing.IncomingFolder, UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
        NameForNobody().ShouldBe(name, "it was right a moment ago");
        _time.Advance(TimeSpan.FromMinutes(1));

        NameForNobody().ShouldBeNull("it could not be taken over from there");
        _landing.Expect(Build, 1, FileName, _bytes.Length, _sha256).ShouldBe(new IncomingFile(null, null, 0), "it is not looked at for each archive");
        _time.Advance(TimeSpan.FromMinutes(1));
        Name().ShouldBe(name);
        _log.Lines.ShouldHaveSingleItem().ShouldContain(_landing.IncomingFolder);

        string? NameForNobody() => AsNobody(() => _landing.Expect(Build, 1, FileName, _bytes.Length, _sha256)).ShouldBeOfType<IncomingFile>().Name;
    }

    [Fact]
    public void Expect_WhereTheFolderCannotBeMade_NamesNoPlace()
    {
        Directory.CreateDirectory(_folder["landing"]);
        File.WriteAllText(_landing.IncomingFolder, "");

        _landing.Expect(Build, 1, FileName, _bytes.Length, _sha256).ShouldBe(new IncomingFile(null, null, 0));
        _landing.IncomingProblem().ShouldNotBeNull();
    }

    [Fact]
    public async Task Sweep_OfWhatNobodyWritesToAnyMore_FollowsNothing()
    {
        var place = Place();
        await File.WriteAllBytesAsync(place, _bytes, Token);
        var kept = Path.Combine(_landing.IncomingFolder, "full");
        Directory.CreateDirectory(kept);
        await File.WriteAllTextAsync(Path.Combine(kept, "x"), "", Token);
        Directory.CreateDirectory(Path.Combine(_landing.IncomingFolder, ".empty"));
        Directory.CreateSymbolicLink(Path.Combine(_landing.IncomingFolder, "link"), _folder["landing"]);
        var now = TimeProvider.System.GetUtcNow();

        _landing.SweepIncoming(now - TimeSpan.FromDays(1)).ShouldBe(0);
        _landing.SweepIncoming(now + TimeSpan.FromDays(1)).ShouldBe(3);

        Directory.EnumerateFileSystemEntries(_landing.IncomingFolder).ShouldBe([kept]);
        File.Exists(_folder["landing", ".incoming.key"]).ShouldBeTrue();
        new LandingZone(_folder["none"]).SweepIncoming(now).ShouldBe(0);
    }

    /// <summary>Does something as another user, as far as files are concerned: setfsuid(2) is of this thread alone.</summary>
    /// <returns>What it returned, or threw.</returns>
    private static object? AsNobody(Func<object?> act)
    {
        _ = SetFileUser(65534);
        try
        {
            return act();
        }
        catch (UnauthorizedAccessException error)
        {
            return error;
        }
        finally
        {
            _ = SetFileUser(0);
        }
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    private static extern int SetFileUser(uint user);

    private string Name() => _landing.Expect(Build, 1, FileName, _bytes.Length, _sha256).Name.ShouldNotBeNull();

    private string Place() => Path.Combine(_landing.IncomingFolder, Name());

    private Task<PieceResult> TakeAsync() => _landing.TakeAsync(Build, 1, FileName, _bytes.Length, _sha256, _ => Task.CompletedTask, Token);
}
