using System.Text.Json;
using Caur.Contracts.Builds;
using Caur.Embedded;
using Caur.Embedded.Activations;
using Caur.Grains.State;
using Caur.Silo.Cli;
using Caur.Silo.Hub;
using Caur.Silo.StateTransfer;
using Caur.Tests.Cli;
using Caur.Tests.Engine.Durability;
using Caur.Tests.Grains;
using Caur.Tests.StateTransfer;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Engine;

/// <summary><c>caur state</c> on the embedded engine's database.</summary>
public sealed class EmbeddedTransferTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public EmbeddedTransferTests()
    {
        Directory.CreateDirectory(Data);
        Directory.CreateDirectory(Other);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Data => _folder["data"];

    private string Other => _folder["other"];

    private string Export => _folder["farm.state"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void GrainTypes_OfTheEngine_AreThoseThatStateIsFoundBy() =>
        new GrainClasses(typeof(GrainStorageNames).Assembly.GetTypes()).All.Select(one => one.GrainType.ToString()!)
            .ShouldBe(FarmGrains.Types, ignoreOrder: true);

    [Fact]
    public async Task ExportAndImport_OfAFarm_TakeEveryRecordAlongAndTheFarmGoesOn()
    {
        await using var farm = await Grains.Farm.StartAsync();
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var published = await farm.EnqueueAsync("published");
        await builder.FinishAsync(await builder.StartAsync());
        await farm.WaitForAsync(published, BuildState.Published);
        await farm.Queue.PauseAsync(true);
        var waiting = await farm.EnqueueAsync("waiting");
        var behind = await farm.EnqueueAsync("behind", "waiting");
        IReadOnlyList<string> before = [], after = [];

        await farm.RestartAsync(async () =>
        {
            before = Contents(farm.DatabasePath);
            var data = Path.GetDirectoryName(farm.DatabasePath)!;
            var tokens = Path.Combine(data, "tokens.json");
            await File.WriteAllTextAsync(tokens, "{\"theirs\":1}", Token);
            (await CliRun.RunAsync(["state", "export", Export, "--data", data])).Succeeded().Output.ShouldStartWith($"Exported {before.Count(one => one.StartsWith("record", StringComparison.Ordinal))} records");
            Contents(farm.DatabasePath).ShouldBe(before, "an export only reads");
            (await CliRun.RunAsync(["state", "import", Export, "--data", Other])).Succeeded();
            File.ReadAllText(tokens).ShouldBe("{\"theirs\":1}");
            after = Contents(Path.Combine(Other, "caur.db"));

            // The farm goes on with what came out.
            foreach (var file in Directory.EnumerateFiles(data, "caur.db*"))
            {
                File.Delete(file);
            }

            foreach (var file in Directory.EnumerateFiles(Other, "caur.db*"))
            {
                File.Move(file, Path.Combine(data, Path.GetFileName(file)));
            }
        });

        after.ShouldBe(before);
        before.ShouldContain(one => one.StartsWith("reminder", StringComparison.Ordinal));
        (await farm.Build(published).GetAsync())!.State.ShouldBe(BuildState.Published);
        (await farm.Queue.GetAsync()).Paused.ShouldBeTrue();
        (await farm.Queue.FindAsync(waiting))!.State.ShouldBe(BuildState.Waiting);
        await farm.Queue.PauseAsync(false);
        builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.BuildAllAsync();
        await farm.WaitForAsync(behind, BuildState.Published);
        farm.Publisher.Published.ShouldBe([published, waiting, behind]);
    }

    [Fact]
    public async Task ImportAndExport_OfWhatAFaultLeft_GiveTheSameBytesAndTheSameFaults()
    {
        await File.WriteAllBytesAsync(Export, await StateSamples.FileAsync(StateSamples.Entries), Token);
        (await CliRun.RunAsync(["state", "import", Export, "--data", Data])).Succeeded().Output
            .ShouldBe("Imported 19 records and 2 reminders that were exported from /var/lib/caur at 2026-01-02 03:04:05 UTC.\n");

        var exported = (await CliRun.RunAsync(["state", "export", "-", "--data", Data])).Succeeded();

        StateSamples.Shown(await StateSamples.ReadAsync(exported.Bytes)).ShouldBe(StateSamples.Shown(StateSamples.Entries));
        exported.Output.ShouldBeEmpty();
        exported.Error.ShouldContain($"Exported 19 records and 2 reminders of {Data}.");

        // And through pipes, with the times that this engine keeps beside.
        var imported = (await CliRun.RunAsync(["state", "import", "-", "--data", Other, "--json"], inputBytes: exported.Bytes)).Succeeded();
        using var said = JsonDocument.Parse(imported.Output);
        said.RootElement.GetProperty("records").GetInt32().ShouldBe(19);
        said.RootElement.GetProperty("engine").GetString().ShouldBe("embedded");
        Contents(Path.Combine(Other, "caur.db")).ShouldBe(Contents(Path.Combine(Data, "caur.db")));
    }

    [Fact]
    public async Task Import_OfWhatIsNoExport_IsRefusedAndNothingIsWritten()
    {
        var file = await StateSamples.FileAsync(StateSamples.Entries);
        (byte[] Content, string Problem)[] hostile =
        [
            ([], "is empty"),
            (file[..^1], "was cut: it ends in the middle of line"),
            (file[..(file.AsSpan(0, file.Length - 1).LastIndexOf((byte)'\n') + 1)], "and the last line of an export is not there"),
            ([.. file, .. file], "it stands behind the last one"),
            ("SQLite format 3\0\n"u8.ToArray(), "line 1: it is no JSON object"),
        ];
        foreach (var (content, problem) in hostile)
        {
            await File.WriteAllBytesAsync(Export, content, Token);
            var refused = await CliRun.RunAsync(["state", "import", Export, "--data", Data]);
            refused.ExitCode.ShouldBe(ExitCodes.Failed);
            refused.Error.ShouldContain(problem);
            refused.Error.ShouldNotContain("should not have happened");
            File.Exists(Path.Combine(Data, "caur.db")).ShouldBeFalse(problem);
        }
    }

    [Fact]
    public async Task Import_IntoAStoreThatIsNotEmpty_NamesWhatIsThereAndChangesNothing()
    {
        var file = await StateSamples.FileAsync(StateSamples.Entries.Take(3));
        (await CliRun.RunAsync(["state", "import", "-", "--data", Data], inputBytes: file)).Succeeded();
        var before = Contents(Path.Combine(Data, "caur.db"));

        var refused = await CliRun.RunAsync(["state", "import", "-", "--data", Data], inputBytes: await StateSamples.FileAsync(StateSamples.Entries));

        refused.ExitCode.ShouldBe(ExitCodes.Failed);
        refused.Error.ShouldContain($"{Data} has 3 records and 0 reminders already");
        refused.Error.ShouldContain("nothing was changed. Name a data folder without a caur.db");
        Contents(Path.Combine(Data, "caur.db")).ShouldBe(before);
    }

    [Theory]
    [InlineData("export")]
    [InlineData("import")]
    public async Task State_OfAFarmThatRuns_IsLeftAlone(string verb)
    {
        using var runs = FarmLock.Take(Data);
        (await CliRun.RunAsync(["state", "import", "-", "--data", Other], inputBytes: await StateSamples.FileAsync(StateSamples.Entries))).Succeeded();
        File.Copy(Path.Combine(Other, "caur.db"), Path.Combine(Data, "caur.db"));
        await File.WriteAllBytesAsync(Export, await StateSamples.FileAsync(), Token);

        var refused = await CliRun.RunAsync(["state", verb, Export, "--data", Data]);

        refused.ExitCode.ShouldBe(ExitCodes.Failed);
        refused.Error.ShouldContain($"another farm runs on {Data}");
        (await File.ReadAllBytesAsync(Export, Token)).ShouldBe(await StateSamples.FileAsync());
    }

    [Fact]
    public async Task Import_KilledInTheMiddle_HasChangedNothingAndIsRepeated()
    {
        var path = Path.Combine(Data, "caur.db");
        using (var state = OfflineState.OpenToWrite(path))
        {
            // More than SQLite keeps in memory, so that a part of it lies in the files.
            state.Begin();
            for (var i = 0; i < 200; i++)
            {
                state.Add(GrainStorageNames.Farm, new StoredRecord("buildqueue/x86_64", $"queue-{i}", new byte[64 * 1024], IsSound: true));
            }

            foreach (var file in Directory.EnumerateFiles(Data, "caur.db*"))
            {
                File.Copy(file, Path.Combine(Other, Path.GetFileName(file)));
            }
        }

        new DirectoryInfo(Other).EnumerateFiles().Sum(file => file.Length).ShouldBeGreaterThan(4 * 1024 * 1024, "something had been written");
        (await CliRun.RunAsync(["state", "import", "-", "--data", Other], inputBytes: await StateSamples.FileAsync(StateSamples.Entries))).Succeeded();

        Contents(Path.Combine(Other, "caur.db")).Count.ShouldBe(StateSamples.Entries.Count);
    }

    [Fact]
    public async Task Export_WhereNothingCanBeExported_SaysWhatIsMissing()
    {
        await RefusedAsync(_folder["none"], $"there is no data folder {_folder["none"]}: --data or CAUR_DATA names the farm's");
        await RefusedAsync(Data, $"there is no state in {Data}: no farm has run there");
        await File.WriteAllTextAsync(Path.Combine(Data, "caur.db"), new string('x', 10_000), Token);
        await RefusedAsync(Data, "caur.db cannot be used: the file");
        await File.WriteAllTextAsync(Path.Combine(Data, "caur.db"), "", Token);
        await RefusedAsync(Data, "is no state database");
        File.Exists(Export).ShouldBeFalse();

        async Task RefusedAsync(string data, string problem)
        {
            var refused = await CliRun.RunAsync(["state", "export", Export, "--data", data]);
            refused.ExitCode.ShouldBe(ExitCodes.Failed);
            refused.Error.ShouldContain(problem);
        }
    }

    [Fact]
    public async Task Export_ToAPlace_IsItsOwnersAloneAndReplacesNothingButAnOlderExport()
    {
        (await CliRun.RunAsync(["state", "import", "-", "--data", Data], inputBytes: await StateSamples.FileAsync(StateSamples.Entries))).Succeeded();

        (await CliRun.RunAsync(["state", "export", Export, "--data", Data])).Succeeded();
        (await CliRun.RunAsync(["state", "export", Export, "--data", Data])).Succeeded();
        File.GetUnixFileMode(Export).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        File.CreateSymbolicLink(_folder["link"], Export);
        foreach (var (path, problem) in ((string, string)[])
        [
            (Path.Combine(Data, "caur.db"), "is there and is no export"),
            ("/dev/null", "is there and is no export"),
            (_folder["link"], "is a link to"),
            (Other, "is a folder"),
            (_folder["none", "farm.state"], "Could not find a part of the path"),
        ])
        {
            var refused = await CliRun.RunAsync(["state", "export", path, "--data", Data]);
            refused.ExitCode.ShouldBe(ExitCodes.Failed, path);
            refused.Error.ShouldContain(problem);
        }

        Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).ShouldBe(["data", "other", "farm.state", "link"], ignoreOrder: true);
    }

    [Fact]
    public async Task ExportAndImport_OnAFullDisk_LeaveNothing()
    {
        await using var disk = await FullDisk.CreateAsync();
        if (!disk.IsMounted)
        {
            Requirement.Missing("no file system may be mounted here");
        }

        var large = await StateSamples.FileAsync(Enumerable.Range(0, 100).Select(i => new StateRecord("buildqueue/x86_64", $"queue-{i}", new byte[64 * 1024], IsDamaged: false)));
        (await CliRun.RunAsync(["state", "import", "-", "--data", Data], inputBytes: large)).Succeeded();
        var target = Path.Combine(disk.Folder, "farm.state");

        var export = await CliRun.RunAsync(["state", "export", target, "--data", Data]);
        export.ExitCode.ShouldBe(ExitCodes.Failed);
        export.Error.ShouldContain("No space left on device");
        Directory.EnumerateFileSystemEntries(disk.Folder).ShouldBeEmpty();

        var import = await CliRun.RunAsync(["state", "import", "-", "--data", disk.Folder], inputBytes: large);
        import.ExitCode.ShouldBe(ExitCodes.Failed);
        import.Error.ShouldContain("full");
        Contents(Path.Combine(disk.Folder, "caur.db")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Export_OfADatabaseOfAnOlderProgram_LeavesItsSchemaAsItWas()
    {
        var path = Path.Combine(Data, "caur.db");
        (await CliRun.RunAsync(["state", "import", "-", "--data", Data], inputBytes: await StateSamples.FileAsync(StateSamples.Entries.Take(2)))).Succeeded();
        using (var connection = new Caur.Embedded.Storage.SqliteConnection(path, readOnly: false))
        {
            connection.Execute("ALTER TABLE grain_state DROP COLUMN crc; UPDATE schema_version SET version=1");
        }

        var exported = (await CliRun.RunAsync(["state", "export", "-", "--data", Data])).Succeeded();

        StateSamples.Shown(await StateSamples.ReadAsync(exported.Bytes)).ShouldBe(StateSamples.Shown(StateSamples.Entries.Take(2)));
        using var after = new Caur.Embedded.Storage.SqliteConnection(path, readOnly: true);
        after.Scalar("SELECT version FROM schema_version").ShouldBe("1");
    }

    /// <summary>All that a database has but for versions of records, a line each.</summary>
    private static List<string> Contents(string path)
    {
        using var connection = new Caur.Embedded.Storage.SqliteConnection(path, readOnly: false);
        var lines = new List<string>();
        using (var records = connection.Prepare("SELECT grain, name, storage, data, crc FROM grain_state ORDER BY grain, name"))
        {
            while (records.Step())
            {
                lines.Add($"record {records.Text(0)} {records.Text(1)} {records.Text(2)} {Convert.ToHexString(records.Bytes(3))} {records.Integer(4)}");
            }
        }

        using (var reminders = connection.Prepare("SELECT grain, name, first_due, period, next_due FROM reminder ORDER BY grain, name"))
        {
            while (reminders.Step())
            {
                lines.Add($"reminder {reminders.Text(0)} {reminders.Text(1)} {reminders.Integer(2)} {reminders.Integer(3)} {reminders.Integer(4)}");
            }
        }

        return lines;
    }
}
