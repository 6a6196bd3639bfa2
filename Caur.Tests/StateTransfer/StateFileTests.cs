using System.Security.Cryptography;
using System.Text;
using Caur.Silo.StateTransfer;

namespace Caur.Tests.StateTransfer;

/// <summary>The file that state travels in: what goes in comes out to the byte, and what was not written so is not taken.</summary>
public sealed class StateFileTests
{
    private const string Grain = "\"grain\":\"buildqueue/x86_64\"";

    [Fact]
    public async Task Read_OfWhatWasWritten_GivesEveryByteBack()
    {
        var file = await StateSamples.FileAsync(StateSamples.Entries);

        (await StateSamples.ReadAsync(file)).Select(one => one.Title).ShouldBe(StateSamples.Entries.Select(one => one.Title));
        StateSamples.Shown(await StateSamples.ReadAsync(file)).ShouldBe(StateSamples.Shown(StateSamples.Entries));
    }

    [Fact]
    public async Task Write_OfRecords_IsALineOfTextEachWithTheirOwnJson()
    {
        var entries = StateSamples.Entries.Where(one => one is StateRecord { State: "queue-cursor" or "queue-2" } or StateReminder { Name: "reconcile" });
        var lines = Encoding.UTF8.GetString(await StateSamples.FileAsync(entries)).Split('\n');

        lines[..^2].ShouldBe(
        [
            """{"format":"caur-state","version":1,"engine":"embedded","at":"2026-01-02T03:04:05.6780000Z","farm":"/var/lib/caur"}""",
            """{"grain":"buildqueue/x86_64","state":"queue-cursor","json":{"v":1,"s":{"slots":256}}}""",
            """{"grain":"buildqueue/x86_64","state":"queue-2","base64":"AP97Cg=="}""",
            """{"grain":"buildqueue/x86_64","reminder":"reconcile","start":"2026-01-02T03:04:05.6780000Z","period":"00:01:00"}""",
        ]);
        lines[^2].ShouldStartWith("""{"records":2,"reminders":1,"sha256":""");
        lines[^2].ShouldContain(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines[..^2]) + "\n"))));
        lines[^1].ShouldBeEmpty();
    }

    [Fact]
    public async Task Records_OfAnyBytes_ComeBackToTheByte()
    {
        for (var (seed, end) = Seeds(300); seed < end; seed++)
        {
            var random = new Random(seed);
            var entries = Enumerable.Range(0, random.Next(1, 6)).Select(i => new StateRecord(
                $"package/s/{Text(random)}", $"{i}{Text(random).Replace('/', '-')}", Bytes(random), random.Next(4) == 0)).ToList();

            var read = await StateSamples.ReadAsync(await StateSamples.FileAsync(entries));

            StateSamples.Shown(read).ShouldBe(StateSamples.Shown(entries), $"seed {seed}");
        }
    }

    [Fact]
    public async Task Files_WithOneByteChangedOrCutAnywhere_AreRefused()
    {
        var file = await StateSamples.FileAsync(StateSamples.Entries);
        for (var (seed, end) = Seeds(500); seed < end; seed++)
        {
            var random = new Random(seed);
            var at = random.Next(file.Length);
            byte[] changed = random.Next(3) == 0 ? file[..at] : [.. file[..at], (byte)(file[at] ^ (1 << random.Next(8))), .. file[(at + 1)..]];

            (await Should.ThrowAsync<StateTransferException>(() => StateSamples.ReadAsync(changed), $"seed {seed}")).Message.ShouldStartWith("FILE");
        }
    }

    [Theory]
    [InlineData("{\"state\":\"s\",\"json\":{}}", "line 2: it has no 'grain'")]
    [InlineData("{" + Grain + ",\"state\":\"s\"}", "line 2: it has no 'base64'")]
    [InlineData("{" + Grain + ",\"state\":\"s\",\"json\":{},\"base64\":\"\"}", "line 2: it has 'base64', which this program does not know there")]
    [InlineData("{" + Grain + ",\"state\":\"s\",\"json\":{},\"json\":{}}", "line 2: it has 'json' twice")]
    [InlineData("{" + Grain + ",\"state\":\"s\",\"state\":\"t\",\"json\":{}}", "line 2: it has 'state' twice")]
    [InlineData("{" + Grain + ",\"state\":\"s\",\"json\":{},\"owner\":{\"a\":[1]}}", "line 2: it has 'owner', which this program does not know there")]
    [InlineData("{" + Grain + ",\"state\":\"s\",\"base64\":\"?\"}", "line 2: 'base64' is no base64")]
    [InlineData("{" + Grain + ",\"state\":\"s\",\"json\":{},\"damaged\":false}", "line 2: 'damaged' can only be true")]
    [InlineData("{" + Grain + ",\"state\":\"a/b\",\"json\":{}}", "line 2: 'a/b' is no name of a state")]
    [InlineData("{" + Grain + ",\"state\":\"\",\"json\":{}}", "line 2: '' is no name of a state")]
    [InlineData("{" + Grain + ",\"state\":{},\"json\":{}}", "line 2: 'state' is no text")]
    [InlineData("{" + Grain + ",\"state\":\"\\ud800\",\"json\":{}}", "line 2: 'state' is no text")]
    [InlineData("{\"grain\":\"sheep/dolly\",\"state\":\"s\",\"json\":{}}", "line 2: 'sheep/dolly' is of no kind of grain that this program has")]
    [InlineData("{\"grain\":\"buildqueue/\",\"state\":\"s\",\"json\":{}}", "line 2: 'buildqueue/' is no grain")]
    [InlineData("{" + Grain + ",\"state\":\"s\",\"json\":{}}\n{" + Grain + ",\"state\":\"s\",\"json\":{}}", "line 3: the record 's' of buildqueue/x86_64 came before")]
    [InlineData("{" + Grain + ",\"reminder\":\"r\",\"start\":\"2026-01-02T03:04:05.6780000\",\"period\":\"00:01:00\"}", "line 2: 'start' is '2026-01-02T03:04:05.6780000', which is no time in UTC")]
    [InlineData("{" + Grain + ",\"reminder\":\"r\",\"start\":\"2026-01-02T03:04:05.6780000Z\",\"period\":\"-00:01:00\"}", "line 2: '-00:01:00' is no period")]
    [InlineData("{" + Grain + ",\"reminder\":\"\",\"start\":\"2026-01-02T03:04:05.6780000Z\",\"period\":\"00:01:00\"}", "line 2: the reminder has no name")]
    [InlineData("{" + Grain + ",\"file\":\"/etc/passwd\"}", "line 2: it is neither a record, nor a reminder, nor the last line; it has grain, file")]
    [InlineData("[]", "line 2: it is no JSON object")]
    [InlineData("{} {}", "line 2: it is no JSON object")]
    [InlineData("", "line 2: it is no JSON object")]
    [InlineData("no JSON", "line 2: it is no JSON object")]
    [InlineData("{\"\\ud800\":1}", "line 2: it is no JSON object")]
    [InlineData("{\"records\":1,\"reminders\":0,\"sha256\":\"HASH\"}", "is not what was written: it has 0 records and 0 reminders, and its last line tells of 1 record")]
    [InlineData("{\"records\":0,\"reminders\":0,\"sha256\":\"00\"}", "is not what was written: its lines do not have the SHA-256")]
    public async Task Read_OfALineThatIsNoneOfTheFormat_SaysWhichAndWhy(string lines, string problem)
    {
        var file = await WithLinesAsync(lines);

        (await Should.ThrowAsync<StateTransferException>(() => StateSamples.ReadAsync(file))).Message.ShouldContain(problem);
    }

    [Theory]
    [InlineData("", "FILE is empty")]
    [InlineData("x", "FILE was cut: it ends in the middle of line 1")]
    [InlineData("hello\n", "FILE, line 1: it is no JSON object")]
    [InlineData("{\"a\":1}\n", "FILE, line 1: a state file begins with another")]
    [InlineData("{\"format\":\"other\",\"version\":1}\n", "FILE, line 1: it is of the format 'other', not of 'caur-state'")]
    [InlineData("{\"format\":\"caur-state\",\"version\":2,\"more\":1}\n", "FILE, line 1: it is of version 2 of the format and this program reads 1: use the program that wrote it, or a newer one")]
    [InlineData("{\"format\":\"caur-state\",\"version\":1}\n", "FILE, line 1: it has no 'engine'")]
    public async Task Read_OfAnotherFile_SaysWhatItIsNot(string text, string problem) =>
        (await Should.ThrowAsync<StateTransferException>(() => StateSamples.ReadAsync(Encoding.UTF8.GetBytes(text)))).Message.ShouldStartWith(problem);

    [Fact]
    public async Task Read_OfMoreBehindTheLastLine_IsRefused()
    {
        var file = await StateSamples.FileAsync(StateSamples.Entries);

        (await Should.ThrowAsync<StateTransferException>(() => StateSamples.ReadAsync([.. file, .. "\n"u8]))).Message.ShouldContain("it stands behind the last one");
    }

    [Fact]
    public async Task Read_OfALineOfAHundredMegabytes_IsRefusedBeforeItIsRead()
    {
        var file = await StateSamples.FileAsync();
        var begin = file[..(file.IndexOf((byte)'\n') + 1)];
        var endless = new EndlessLine(begin, 100 * 1024 * 1024);
        var reader = new StateFileReader(endless, "FILE");

        var refused = await Should.ThrowAsync<StateTransferException>(async () =>
        {
            await foreach (var _ in reader.ReadAsync(TestContext.Current.CancellationToken))
            {
            }
        });

        refused.Message.ShouldContain("it is longer than 64.0 MiB");
        endless.Given.ShouldBeLessThan(66 * 1024 * 1024);
    }

    [Fact]
    public async Task Write_OfARecordThatNothingReadsBack_IsRefusedByName()
    {
        var large = new StateRecord("buildqueue/x86_64", "queue-1", new byte[50 * 1024 * 1024], IsDamaged: false);

        (await Should.ThrowAsync<StateTransferException>(() => StateSamples.FileAsync(large))).Message
            .ShouldStartWith("the record 'queue-1' of buildqueue/x86_64 is larger than 64.0 MiB");
    }

    /// <summary>A file with a right header, these lines, and a right last line.</summary>
    private static async Task<byte[]> WithLinesAsync(string lines)
    {
        var whole = Encoding.UTF8.GetString(await StateSamples.FileAsync());
        var text = $"{whole.Split('\n')[0]}\n{lines}\n";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        return Encoding.UTF8.GetBytes($$"""{{text}}{"records":0,"reminders":0,"sha256":"{{hash}}"}{{'\n'}}""");
    }

    private static string Text(Random random) => new(random.GetItems<char>("abz019@._+-/ \"\\ü世\t'<&", random.Next(1, 12)));

    private static byte[] Bytes(Random random)
    {
        var text = random.Next(5) switch
        {
            0 => $"{{\"v\":{random.Next()},\"s\":{{\"{Text(random).Trim('"', '\\', '\t')}\":[1.50, 1e5 ,null]}}}}",
            1 => string.Concat(Enumerable.Repeat('[', random.Next(1, 200))) + string.Concat(Enumerable.Repeat(']', random.Next(1, 200))),
            2 => $" {random.Next()}\n",
            3 => Text(random),
            _ => null,
        };
        var bytes = text is null ? new byte[random.Next(0, 40)] : Encoding.UTF8.GetBytes(text);
        if (text is null)
        {
            random.NextBytes(bytes);
        }

        return bytes;
    }

    /// <summary>Others at each run; a failure names its own.</summary>
    private static (int First, int End) Seeds(int count) => Random.Shared.Next(int.MaxValue - count) is var first ? (first, first + count) : default;

    /// <summary>A beginning, and a line that goes on and on.</summary>
    private sealed class EndlessLine(byte[] begin, long length) : Stream
    {
        public long Given { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var given = (int)Math.Min(count, length - Given);
            if (Given < begin.Length)
            {
                given = (int)Math.Min(given, begin.Length - Given);
                begin.AsSpan((int)Given, given).CopyTo(buffer.AsSpan(offset));
            }
            else
            {
                buffer.AsSpan(offset, given).Fill((byte)' ');
            }

            Given += given;
            return given;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
