using System.Runtime.InteropServices;

namespace Caur.Pacman;

/// <summary>Reads xz as a stream, through the system's <c>liblzma.so.5</c>, with at most 128 MiB of memory (xz -9 needs 65).</summary>
internal sealed unsafe class XzStream : ReadOnlyStream
{
    private const ulong MemoryLimit = 128 << 20;
    private const int BufferSize = 128 * 1024;

    private readonly Stream _inner;
    private readonly byte[] _buffer = new byte[BufferSize];
    private NativeLzma.State* _state;
    private int _start;
    private int _end;
    private bool _innerEnded;
    private bool _ended;

    public XzStream(Stream inner)
    {
        _inner = inner;

        // The library keeps a pointer to its state, so that the state must not move.
        _state = (NativeLzma.State*)NativeMemory.AllocZeroed((nuint)sizeof(NativeLzma.State));
        var result = NativeLzma.StreamDecoder(_state, MemoryLimit, NativeLzma.Concatenated);
        if (result != NativeLzma.Ok)
        {
            Release();
            throw new InvalidOperationException($"liblzma refuses to start, with {result}");
        }
    }

    ~XzStream() => Release();

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_state == null, this);
        while (!_ended && !buffer.IsEmpty)
        {
            if (_start == _end && !_innerEnded)
            {
                _start = 0;
                _end = _inner.Read(_buffer);
                _innerEnded = _end == 0;
            }

            var written = Decode(buffer);
            if (written > 0)
            {
                return written;
            }
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        Release();
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Decode(Span<byte> buffer)
    {
        fixed (byte* from = _buffer)
        fixed (byte* to = buffer)
        {
            _state->NextIn = from + _start;
            _state->AvailableIn = (nuint)(_end - _start);
            _state->NextOut = to;
            _state->AvailableOut = (nuint)buffer.Length;
            var result = NativeLzma.Code(_state, _innerEnded ? NativeLzma.Finish : NativeLzma.Run);
            _start = _end - (int)_state->AvailableIn;
            var written = buffer.Length - (int)_state->AvailableOut;
            _state->NextIn = null;
            _state->NextOut = null;
            switch (result)
            {
                case NativeLzma.Ok:
                    return written;
                case NativeLzma.StreamEnd:
                    _ended = true;
                    return written;
                case NativeLzma.BufferError when _innerEnded:
                    throw new FormatFaultException(FormatErrorCode.Truncated, "xz: the data end too early");
                case NativeLzma.MemoryLimitReached:
                    throw new FormatFaultException(FormatErrorCode.TooLarge, $"xz: reading needs more than {MemoryLimit >> 20} MiB");
                default:
                    throw new FormatFaultException(FormatErrorCode.NotAnArchive, $"xz: the data are damaged ({result})");
            }
        }
    }

    private void Release()
    {
        if (_state != null)
        {
            NativeLzma.End(_state);
            NativeMemory.Free(_state);
            _state = null;
        }
    }
}
