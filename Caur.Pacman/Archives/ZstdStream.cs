using System.IO.Compression;

namespace Caur.Pacman;

/// <summary>
/// Reads or writes Zstandard (RFC 8878) as a stream, through the system's <c>libzstd.so.1</c>. Reading takes any number of frames one
/// after the other and windows up to 128 MiB; writing makes one frame with a checksum, which ends when the stream is disposed.
/// Not safe for use by two threads at once.
/// </summary>
public sealed class ZstdStream : Stream
{
    /// <summary>The level that <c>zstd</c> takes when none is named.</summary>
    public const int DefaultLevel = 3;

    private const int WindowLogMax = 27;
    private const int BufferSize = 128 * 1024;

    private readonly Stream _inner;
    private readonly bool _leaveOpen;
    private readonly NativeZstd.DecompressionContext? _reader;
    private readonly NativeZstd.CompressionContext? _writer;
    private readonly byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _end;
    private bool _innerEnded;
    private bool _insideFrame;
    private bool _disposed;

    /// <summary>Puts Zstandard over a stream.</summary>
    /// <param name="inner">Where compressed bytes come from or go to.</param>
    /// <param name="mode">Whether to read or to write.</param>
    /// <param name="leaveOpen">Whether <paramref name="inner"/> stays open when this stream is disposed.</param>
    /// <param name="level">The level of compression, 1 to 22; without meaning when reading.</param>
    public ZstdStream(Stream inner, CompressionMode mode, bool leaveOpen = false, int level = DefaultLevel)
    {
        _inner = inner;
        _leaveOpen = leaveOpen;
        if (mode == CompressionMode.Decompress)
        {
            _reader = NativeZstd.CreateDecompression();
            NativeZstd.Checked(NativeZstd.SetParameter(_reader, NativeZstd.WindowLogMaxParameter, WindowLogMax));
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(level, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(level, 22);
            _writer = NativeZstd.CreateCompression();
            NativeZstd.Checked(NativeZstd.SetParameter(_writer, NativeZstd.CompressionLevelParameter, level));
            NativeZstd.Checked(NativeZstd.SetParameter(_writer, NativeZstd.ChecksumParameter, 1));
        }
    }

    /// <inheritdoc/>
    public override bool CanRead => _reader is not null && !_disposed;

    /// <inheritdoc/>
    public override bool CanWrite => _writer is not null && !_disposed;

    /// <summary>Never.</summary>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The bytes are not Zstandard, end within a frame, or need too large a window.</exception>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    /// <exception cref="IOException">The bytes are not Zstandard, end within a frame, or need too large a window.</exception>
    public override unsafe int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var reader = _reader ?? throw new NotSupportedException("this stream writes");
        if (buffer.IsEmpty)
        {
            return 0;
        }

        while (true)
        {
            if (_start == _end && !_innerEnded)
            {
                _start = 0;
                _end = _inner.Read(_buffer);
                _innerEnded = _end == 0;
            }

            fixed (byte* from = _buffer)
            fixed (byte* to = buffer)
            {
                var input = new NativeZstd.Buffer { Start = from + _start, Size = (nuint)(_end - _start) };
                var output = new NativeZstd.Buffer { Start = to, Size = (nuint)buffer.Length };
                if (_end > _start || _insideFrame)
                {
                    _insideFrame = NativeZstd.Checked(NativeZstd.Decompress(reader, &output, &input)) != 0;
                    _start += (int)input.Position;
                }

                if (output.Position > 0)
                {
                    return (int)output.Position;
                }
            }

            if (_innerEnded && _start == _end)
            {
                return _insideFrame
                    ? throw new FormatFaultException(FormatErrorCode.Truncated, "zstd: the data end within a frame")
                    : 0;
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Compress(buffer, NativeZstd.Continue);
    }

    /// <summary>Hands on all that was written so far, so that a reader can have it.</summary>
    public override void Flush()
    {
        if (_writer is not null && !_disposed)
        {
            Compress([], NativeZstd.Flush);
            _inner.Flush();
        }
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            try
            {
                if (_writer is not null)
                {
                    Compress([], NativeZstd.End);
                }
            }
            finally
            {
                _disposed = true;
                _reader?.Dispose();
                _writer?.Dispose();
                if (!_leaveOpen)
                {
                    _inner.Dispose();
                }
            }
        }

        base.Dispose(disposing);
    }

    private unsafe void Compress(ReadOnlySpan<byte> bytes, int directive)
    {
        var writer = _writer ?? throw new NotSupportedException("this stream reads");
        fixed (byte* from = bytes)
        fixed (byte* to = _buffer)
        {
            var input = new NativeZstd.Buffer { Start = from, Size = (nuint)bytes.Length };
            nuint left;
            do
            {
                var output = new NativeZstd.Buffer { Start = to, Size = BufferSize };
                left = NativeZstd.Checked(NativeZstd.Compress(writer, &output, &input, directive));
                _inner.Write(_buffer, 0, (int)output.Position);
            }
            while (directive == NativeZstd.Continue ? input.Position < input.Size : left > 0);
        }
    }
}
