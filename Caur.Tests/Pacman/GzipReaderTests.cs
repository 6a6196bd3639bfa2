using System.IO.Compression;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

public sealed class GzipReaderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(8180)]
    [InlineData(300_000)]
    public void Read_WhenWhole_GivesAllAndNoMore(int length)
    {
        var plain = Plain(length);
        Read(Pack(plain)).ShouldBe(plain);
        Read([.. Pack(plain), .. Pack([1, 2, 3])]).ShouldBe([.. plain, 1, 2, 3]);
        Read([.. Pack(plain), .. new byte[512]]).ShouldBe(plain);
    }

    [Fact]
    public void Read_WhenInputComesInAnyPieces_GivesAllAndNoMore()
    {
        var plain = Plain(500);
        byte[] packed = [.. Pack(plain), .. Pack(plain)];
        for (var piece = 1; piece <= packed.Length; piece++)
        {
            Read(packed, piece).ShouldBe([.. plain, .. plain], $"in pieces of {piece}");
        }
    }

    [Fact]
    public void Read_WhenCutAnywhere_NeverEndsQuietly()
    {
        var packed = Pack(Plain(500));
        for (var length = 3; length < packed.Length; length++)
        {
            var cut = packed[..length];
            Should.Throw<FormatFaultException>(() => Read(cut), $"{length} of {packed.Length} bytes").Error.Code
                .ShouldBe(FormatErrorCode.Truncated);
        }
    }

    [Fact]
    public void Read_WhenAnyByteIsWrong_NeverGivesOtherBytes()
    {
        var plain = Plain(500);
        var packed = Pack(plain);
        for (var at = 10; at < packed.Length; at++)
        {
            var damaged = packed.ToArray();
            damaged[at] ^= 0x11;
            Should.Throw<FormatFaultException>(() => Read(damaged), $"byte {at}");
        }
    }

    private static byte[] Read(byte[] packed, int piece = int.MaxValue)
    {
        using var reader = new GzipReader(new Pieces(packed, piece));
        var plain = new MemoryStream();
        reader.CopyTo(plain);
        return plain.ToArray();
    }

    private static byte[] Pack(byte[] plain)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(plain);
        }

        return packed.ToArray();
    }

    private static byte[] Plain(int length)
    {
        var bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private sealed class Pieces(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, size)]);
    }
}
