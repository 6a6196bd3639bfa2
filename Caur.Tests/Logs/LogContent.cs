using System.Buffers.Binary;

namespace Caur.Tests.Logs;

/// <summary>Output of any length that follows from a seed: bytes at an offset can be made and checked without those before them. No part of it
/// stands twice, so that a gap or a repetition shows at its first byte.</summary>
internal sealed class LogContent
{
    private const int Page = 4096;
    private const int Stamp = sizeof(long);
    private const int Spread = 61_441;

    private readonly byte[] _noise = new byte[Spread + Page];
    private readonly long _salt;

    public LogContent(int seed)
    {
        var random = new Random(seed);
        random.NextBytes(_noise);
        _salt = random.NextInt64();
    }

    public void Fill(long offset, Span<byte> bytes)
    {
        Span<byte> stamp = stackalloc byte[Stamp];
        while (!bytes.IsEmpty)
        {
            var piece = PieceAt(offset, stamp);
            piece = piece[..Math.Min(piece.Length, bytes.Length)];
            piece.CopyTo(bytes);
            bytes = bytes[piece.Length..];
            offset += piece.Length;
        }
    }

    public byte[] Bytes(long offset, int count)
    {
        var bytes = new byte[count];
        Fill(offset, bytes);
        return bytes;
    }

    public bool Holds(long offset, ReadOnlySpan<byte> bytes)
    {
        Span<byte> stamp = stackalloc byte[Stamp];
        while (!bytes.IsEmpty)
        {
            var piece = PieceAt(offset, stamp);
            piece = piece[..Math.Min(piece.Length, bytes.Length)];
            if (!piece.SequenceEqual(bytes[..piece.Length]))
            {
                return false;
            }

            bytes = bytes[piece.Length..];
            offset += piece.Length;
        }

        return true;
    }

    /// <summary>The content from an offset on: the rest of its page's number, or the rest of its page.</summary>
    private ReadOnlySpan<byte> PieceAt(long offset, Span<byte> stamp)
    {
        var (page, at) = Math.DivRem(offset, Page);
        if (at < Stamp)
        {
            BinaryPrimitives.WriteInt64LittleEndian(stamp, page ^ _salt);
            return stamp[(int)at..];
        }

        return _noise.AsSpan((int)((ulong)page * 2_654_435_761 % Spread) + (int)at, Page - (int)at);
    }
}
