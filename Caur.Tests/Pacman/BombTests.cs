using System.Buffers.Binary;
using System.IO.Compression;
using Caur.Pacman;
using Caur.Tests.Support;

namespace Caur.Tests.Pacman;

/// <summary>Small inputs that unpack to much, or claim to: refused by name before they cost memory or time.</summary>
public sealed class BombTests
{
    private const string Desc = "%FILENAME%\na-1-1-any.pkg.tar.zst\n\n%NAME%\na\n\n%VERSION%\n1-1\n\n";
    private const int Zeros = 64 << 20;

    /// <summary>Enough for the buffers of all readers, and for no bomb.</summary>
    private const long FewBytes = 48 << 20;

    private static readonly ArchiveLimits Limits = new() { MaxUnpackedBytes = 128 << 20, MaxMembers = 100_000 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<CompressionFormat> Formats => [CompressionFormat.Gzip, CompressionFormat.Zstd, CompressionFormat.Xz];

    /// <summary>Ten GiB of zeros, as members or frames that follow each other: where a reader may stop is up to it alone.</summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Read_WhenTenGibibytesFollow_StopsAtItsLimit(CompressionFormat format)
    {
        var zeros = await PackAsync(new byte[Zeros], format);
        byte[] Bomb(byte[] head) => [.. head, .. Enumerable.Repeat(zeros, 160).SelectMany(part => part)];
        var package = Bomb(await PackAsync(RawTar.WithInfo().End(), format));
        package.Length.ShouldBeLessThan(12 << 20);
        ShouldRefuse(() => PackageArchive.ListFiles(new MemoryStream(package), Limits, Cancel).Error, FormatErrorCode.TooLarge);

        var database = Bomb(await PackAsync(new RawTar().File("a-1-1/desc", Desc).End(), format));
        ShouldRefuse(() => ReadDatabase(database, Limits), FormatErrorCode.TooLarge);

        // What stands in a member that nobody wants counts too, and a size that is claimed is believed to be meant.
        var member = Bomb(await PackAsync(RawTar.WithInfo().Member("usr", '0', [], claimedSize: 160L * Zeros).WithoutEnd(), format));
        ShouldRefuse(() => PackageArchive.ListFiles(new MemoryStream(member), Limits, Cancel).Error, FormatErrorCode.TooLarge);
        var before = Bomb(await PackAsync(new RawTar().Member("usr", '0', [], claimedSize: 160L * Zeros).WithoutEnd(), format));
        ShouldRefuse(() => PackageArchive.ReadInfo(new MemoryStream(before), cancellationToken: Cancel).Error, FormatErrorCode.TooLarge);
        var delta = Bomb(await PackAsync(new RawTar().Member("a-1-1/deltas", '0', [], claimedSize: 160L * Zeros).WithoutEnd(), format));
        ShouldRefuse(() => ReadDatabase(delta, ArchiveLimits.Database), FormatErrorCode.TooLarge);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Read_WhenThereAreMillionsOfMembers_StopsAtItsLimit(CompressionFormat format)
    {
        var some = new RawTar();
        for (var i = 0; i < 2_000; i++)
        {
            some.Folder("a-1-1/");
        }

        var folders = await PackAsync(some.WithoutEnd(), format);
        byte[] bomb = [.. await PackAsync(RawTar.WithInfo().WithoutEnd(), format), .. Enumerable.Repeat(folders, 600).SelectMany(part => part)];
        bomb.Length.ShouldBeLessThan(4 << 20);
        ShouldRefuse(() => PackageArchive.ListFiles(new MemoryStream(bomb), Limits, Cancel).Error, FormatErrorCode.TooLarge);
        var database = bomb[(bomb.Length - (folders.Length * 600))..];
        ShouldRefuse(() => ReadDatabase(database, format == CompressionFormat.Zstd ? ArchiveLimits.Database : Limits), FormatErrorCode.TooLarge);

        // Headers that describe a next one count as members: there may be no endless row of them.
        var pax = new RawTar();
        for (var i = 0; i < 1_000; i++)
        {
            pax.Pax("comment", "x");
        }

        var extensions = await PackAsync(pax.WithoutEnd(), format);
        byte[] row = [.. Enumerable.Repeat(extensions, 101).SelectMany(part => part)];
        ShouldRefuse(() => ReadDatabase(row, Limits), FormatErrorCode.TooLarge);
    }

    [Fact]
    public void Read_WhenDescsAreManyAndLarge_StopsAtItsLimit()
    {
        var limits = ArchiveLimits.Database with { MaxDescBytesInAll = 8 << 20 };
        var tar = new RawTar();
        for (var i = 0; i < 20; i++)
        {
            tar.File($"p{i}-1-1/desc", new byte[1 << 20]);
        }

        var bomb = ZstdStreamTests.Compress(tar.End());
        ShouldRefuse(() => ReadDatabase(bomb, limits), FormatErrorCode.TooLarge);
    }

    [Fact]
    public void Read_WhenADescHasAMillionFields_Refuses()
    {
        var fields = string.Concat(Enumerable.Range(0, 1_000_000).Select(i => $"%{i}%\n\n"));
        var bomb = new RawTar().File("a-1-1/desc", Desc + fields).End();
        ShouldRefuse(() => ReadDatabase(bomb, ArchiveLimits.Database), FormatErrorCode.TooLarge);

        // As many as a desc may hold are read, in linear time.
        var most = Desc + fields[..((1 << 20) - Desc.Length)];
        ThreadTime.Of(() =>
        {
            var entries = new DatabaseReader(ArchiveLimits.Database, Cancel).Read(new MemoryStream(new RawTar().File("a-1-1/desc", most).End()), null);
            entries.Single().ReadDescription().Values("99999").ShouldBeEmpty();
        }).ShouldBeLessThan(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Read_WhenAnExtendedHeaderIsHuge_Refuses()
    {
        foreach (var type in "xgL")
        {
            var archive = new RawTar().Member("header", type, new byte[(1 << 20) + 1]).File("a-1-1/desc", Desc).End();
            ShouldRefuse(() => ReadDatabase(archive, ArchiveLimits.Database), FormatErrorCode.TooLarge);
            ShouldRefuse(() => PackageArchive.ListFiles(new MemoryStream(archive), cancellationToken: Cancel).Error, FormatErrorCode.TooLarge);
        }
    }

    [Fact]
    public async Task Read_WhenOneIsPackedInAnother_DoesNotUnpackIt()
    {
        var bytes = RawTar.WithInfo().End();
        foreach (var (inner, outer) in (List<(CompressionFormat, CompressionFormat)>)
            [(CompressionFormat.Gzip, CompressionFormat.Zstd), (CompressionFormat.Zstd, CompressionFormat.Gzip), (CompressionFormat.Xz, CompressionFormat.Xz)])
        {
            var nested = await PackAsync(await PackAsync([.. bytes, .. new byte[4096]], inner), outer);
            var error = PackageArchive.ReadInfo(new MemoryStream(nested), cancellationToken: Cancel).Error.ShouldNotBeNull();
            error.Code.ShouldBeOneOf(FormatErrorCode.NotAnArchive, FormatErrorCode.Truncated);
        }
    }

    /// <summary>A dictionary of nearly 4 GiB, which the reader would have to hold.</summary>
    [Fact]
    public async Task Read_WhenXzWantsMuchMemory_Refuses()
    {
        const int BlockHeader = 12;
        var packed = await PackAsync(RawTar.WithInfo().End(), CompressionFormat.Xz);
        var length = (packed[BlockHeader] + 1) * 4;
        var header = packed.AsSpan(BlockHeader, length - 4);
        var filter = header.IndexOf([(byte)0x21, (byte)1]);
        header[filter + 2] = 40;
        BinaryPrimitives.WriteUInt32LittleEndian(packed.AsSpan(BlockHeader + length - 4), Crc(header));
        var error = PackageArchive.ReadInfo(new MemoryStream(packed), cancellationToken: Cancel).Error.ShouldNotBeNull();
        error.Code.ShouldBe(FormatErrorCode.TooLarge);
        error.Message.ShouldContain("MiB");
    }

    [Theory]
    [InlineData(0x08)]
    [InlineData(0x10)]
    public void Read_WhenTheGzipHeaderNeverEnds_NeedsNoMemoryForIt(byte flag)
    {
        byte[] endless = [0x1f, 0x8b, 8, flag, 0, 0, 0, 0, 0, 3, .. Enumerable.Repeat((byte)'n', 20 << 20)];
        ShouldRefuse(() => PackageArchive.ReadInfo(new MemoryStream(endless), cancellationToken: Cancel).Error, FormatErrorCode.Truncated);
    }

    [Fact]
    public void Read_WhenZstdSkipsOrHasNothing_Ends()
    {
        byte[] skippable = [0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, .. new byte[1000]];
        ShouldRefuse(() => PackageArchive.ReadInfo(new MemoryStream(skippable), cancellationToken: Cancel).Error, FormatErrorCode.Truncated);
        byte[] empties = [.. Enumerable.Repeat(ZstdStreamTests.Compress([]), 200_000).SelectMany(frame => frame)];
        ShouldRefuse(() => PackageArchive.ReadInfo(new MemoryStream(empties), cancellationToken: Cancel).Error, FormatErrorCode.Truncated);
    }

    public static TheoryData<string, byte[]> Magics => new()
    {
        { "bzip2", "BZh91AY&SY"u8.ToArray() },
        { "lz4", [0x04, 0x22, 0x4d, 0x18] },
        { "lzip", "LZIP\u0001"u8.ToArray() },
        { "lrzip", "LRZI"u8.ToArray() },
        { "compress", [0x1f, 0x9d, 0x90] },
        { "lzop", [0x89, (byte)'L', (byte)'Z', (byte)'O', 0] },
        { "7z", [(byte)'7', (byte)'z', 0xbc, 0xaf, 0x27, 0x1c] },
        { "zip", "PK\u0003\u0004"u8.ToArray() },
        { "ar", "!<arch>\n"u8.ToArray() },
        { "gzip without more", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] },
        { "gzip of an unknown method", [0x1f, 0x8b, 9, 0] },
        { "zstd without more", [0x28, 0xb5, 0x2f, 0xfd] },
        { "old zstd", [0x22, 0xb5, 0x2f, 0xfd] },
        { "xz without more", [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0] },
    };

    [Theory]
    [MemberData(nameof(Magics))]
    public void Read_WhenItIsSomethingElse_SaysSo(string what, byte[] magic)
    {
        var random = new Random(7);
        var noise = new byte[4096];
        random.NextBytes(noise);
        byte[] input = [.. magic, .. noise];
        foreach (var error in new[] { PackageArchive.ListFiles(new MemoryStream(input), cancellationToken: Cancel).Error, ReadDatabase(input, ArchiveLimits.Database) })
        {
            error.ShouldNotBeNull(what).Code.ShouldBeOneOf(FormatErrorCode.NotAnArchive, FormatErrorCode.Truncated, FormatErrorCode.TooLarge);
        }
    }

    [Theory]
    [InlineData(CompressionFormat.None)]
    [InlineData(CompressionFormat.Gzip)]
    [InlineData(CompressionFormat.Zstd)]
    [InlineData(CompressionFormat.Xz)]
    public async Task ReadDatabase_WhenCutAnywhere_NeverGivesHalfAResult(CompressionFormat format)
    {
        var tar = new RawTar().Folder("a-1-1/").File("a-1-1/desc", Desc).File("a-1-1/files", "%FILES%\nusr/\n")
            .File("b-1-1/desc", Desc.Replace("\na\n", "\nb\n", StringComparison.Ordinal)).End();
        var whole = await PackAsync(tar, format);
        ReadDatabase(whole, ArchiveLimits.Database).ShouldBeNull();

        // Of the end mark, two empty blocks, one is enough.
        var needed = format == CompressionFormat.None ? whole.Length - 512 : whole.Length;
        for (var length = 0; length < needed; length++)
        {
            ReadDatabase(whole[..length], ArchiveLimits.Database).ShouldNotBeNull($"{length} of {whole.Length} bytes");
            FormatFaultException.Catch(() => new DatabaseReader(ArchiveLimits.Database, Cancel).Read(new MemoryStream(whole), new MemoryStream(whole[..length])))
                .IsValid.ShouldBeFalse($"{length} of {whole.Length} bytes of the database of files");
        }
    }

    private static FormatError? ReadDatabase(byte[] input, ArchiveLimits limits) =>
        FormatFaultException.Catch(() => new DatabaseReader(limits, Cancel).Read(new MemoryStream(input), null)).Error;

    private static void ShouldRefuse(Func<FormatError?> read, FormatErrorCode code)
    {
        FormatError? error = null;
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        ThreadTime.Of(() => error = read()).ShouldBeLessThan(TimeSpan.FromSeconds(60));
        (GC.GetAllocatedBytesForCurrentThread() - allocated).ShouldBeLessThan(FewBytes);
        error.ShouldNotBeNull().Code.ShouldBe(code, error.ToString());
    }

    private static async Task<byte[]> PackAsync(byte[] plain, CompressionFormat format)
    {
        if (format == CompressionFormat.Xz)
        {
            using var folder = new TempFolder();
            await File.WriteAllBytesAsync(folder["x"], plain, Cancel);
            (await Tool.RunAsync("xz", "-T1", "-0", folder["x"])).Succeeded();
            return await File.ReadAllBytesAsync(folder["x.xz"], Cancel);
        }

        return format switch
        {
            CompressionFormat.Gzip => Gzip(plain),
            CompressionFormat.Zstd => ZstdStreamTests.Compress(plain),
            _ => plain,
        };
    }

    private static byte[] Gzip(ReadOnlySpan<byte> plain)
    {
        var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Optimal))
        {
            stream.Write(plain);
        }

        return packed.ToArray();
    }

    /// <summary>The CRC-32 that gzip writes behind what it packed.</summary>
    private static uint Crc(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(Gzip(bytes).AsSpan()[^8..]);
}
