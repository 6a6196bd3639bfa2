using System.IO.Compression;
using Caur.Pacman;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Pacman;

public sealed class ZstdStreamTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5_000_000)]
    public async Task Write_WhenReadByZstd_GivesTheSameBytes(int length)
    {
        using var folder = new TempFolder();
        var plain = Noise(length);
        await File.WriteAllBytesAsync(folder["x.zst"], Compress(plain), TestContext.Current.CancellationToken);
        (await Tool.RunAsync("zstd", "-d", "-q", folder["x.zst"])).Succeeded();
        (await File.ReadAllBytesAsync(folder["x"], TestContext.Current.CancellationToken)).ShouldBe(plain);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("-19 --no-check")]
    [InlineData("--long=27")]
    public async Task Read_WhenWrittenByZstd_GivesTheSameBytes(string options)
    {
        using var folder = new TempFolder();
        var plain = Noise(3_000_000);
        await File.WriteAllBytesAsync(folder["x"], plain, TestContext.Current.CancellationToken);
        (await Tool.RunAsync("zstd", [.. options.Split(' '), "-q", folder["x"]])).Succeeded();
        Decompress(await File.ReadAllBytesAsync(folder["x.zst"], TestContext.Current.CancellationToken)).ShouldBe(plain);
    }

    [Fact]
    public async Task Read_WhenWindowIsTooLarge_Refuses()
    {
        using var folder = new TempFolder();
        (await Tool.RunAsync("bash", "-c", $"head -c 100000 /dev/zero | zstd --ultra --long=31 -q -c > {folder["x.zst"]}")).Succeeded();
        var packed = await File.ReadAllBytesAsync(folder["x.zst"], TestContext.Current.CancellationToken);
        Should.Throw<IOException>(() => Decompress(packed)).Message.ShouldContain("memory");
    }

    [Fact]
    public void Read_WhenThereAreSeveralFrames_JoinsThem() =>
        Decompress([.. Compress([1, 2]), .. Compress([]), .. Compress([3])]).ShouldBe([1, 2, 3]);

    [Fact]
    public void Read_WhenCutAnywhere_NeverEndsQuietly()
    {
        var packed = Compress(Noise(3000));
        for (var length = 1; length < packed.Length; length++)
        {
            var cut = packed[..length];
            Should.Throw<IOException>(() => Decompress(cut), $"{length} of {packed.Length} bytes");
        }
    }

    [Fact]
    public void Read_WhenAByteIsWrong_Refuses()
    {
        var packed = Compress(Noise(3000));
        packed[packed.Length / 2] ^= 0x10;
        Should.Throw<IOException>(() => Decompress(packed));
    }

    [Fact]
    public void Write_WhenInPieces_RoundTrips() =>
        Prop.ForAll(
            Gen.ListOf(Gen.Choose(0, 400_000)).Resize(8).ToArbitrary(),
            pieces =>
            {
                var plain = Noise(pieces.Sum());
                using var packed = new MemoryStream();
                using (var stream = new ZstdStream(packed, CompressionMode.Compress, leaveOpen: true))
                {
                    var at = 0;
                    foreach (var piece in pieces)
                    {
                        stream.Write(plain.AsSpan(at, piece));
                        stream.Flush();
                        at += piece;
                    }
                }

                return Decompress(packed.ToArray()).AsSpan().SequenceEqual(plain);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(20).WithQuietOnSuccess(true));

    internal static byte[] Compress(byte[] plain)
    {
        var packed = new MemoryStream();
        using (var stream = new ZstdStream(packed, CompressionMode.Compress))
        {
            stream.Write(plain);
        }

        return packed.ToArray();
    }

    private static byte[] Decompress(byte[] packed)
    {
        using var stream = new ZstdStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        stream.CopyTo(plain);
        return plain.ToArray();
    }

    /// <summary>Bytes that compress by about half.</summary>
    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return Array.ConvertAll(bytes, value => (byte)(value & 15));
    }
}
