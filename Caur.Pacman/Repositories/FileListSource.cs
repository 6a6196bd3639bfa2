using System.IO.Compression;

namespace Caur.Pacman;

/// <summary>Where the <c>files</c> text of an entry lies. Texts are never kept plain: those of a large repository take hundreds of MB.</summary>
internal abstract class FileListSource
{
    /// <summary>The bytes of the text.</summary>
    public abstract int Length { get; }

    /// <summary>The text. Entries of one chunk that are read one after the other share its unpacking through the cache.</summary>
    public abstract ReadOnlyMemory<byte> Read(ChunkCache cache);

    public static FileListSource Pack(ReadOnlySpan<byte> text)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(text);
        }

        return new Alone(packed.ToArray(), text.Length);
    }

    /// <summary>Remembers the chunk that was unpacked last.</summary>
    internal sealed class ChunkCache
    {
        private CompressedBlock? _block;
        private byte[] _raw = [];

        public byte[] Unpack(CompressedBlock block)
        {
            if (!ReferenceEquals(block, _block))
            {
                _raw = block.Decompress();
                _block = block;
            }

            return _raw;
        }
    }

    /// <summary>A text that no written database holds yet.</summary>
    private sealed class Alone(byte[] packed, int length) : FileListSource
    {
        public override int Length => length;

        public override ReadOnlyMemory<byte> Read(ChunkCache cache)
        {
            using var deflate = new DeflateStream(new MemoryStream(packed), CompressionMode.Decompress);
            var text = new byte[length];
            deflate.ReadExactly(text);
            return text;
        }
    }

    /// <summary>A text inside a compressed part of the database that was written last.</summary>
    internal sealed class InChunk(CompressedBlock block, int offset, int length) : FileListSource
    {
        public override int Length => length;

        public override ReadOnlyMemory<byte> Read(ChunkCache cache) => cache.Unpack(block).AsMemory(offset, length);
    }
}
