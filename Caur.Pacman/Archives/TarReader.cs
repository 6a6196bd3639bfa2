using System.Text;

namespace Caur.Pacman;

/// <summary>
/// Reads a tar archive forward (ustar, pax, GNU long names), with limits on all that it holds in memory. System.Formats.Tar has no
/// such limits: an extended header of any size is read whole. Faults are <see cref="FormatFaultException"/>.
/// </summary>
internal sealed class TarReader(Stream source, ArchiveLimits limits, CancellationToken cancellationToken = default)
{
    private const int FirstContentSize = 256 * 1024;

    private readonly byte[] _block = new byte[TarHeader.BlockSize];
    private readonly byte[] _skipped = new byte[64 * 1024];
    private readonly TarExtensions _extensions = new();
    private byte[] _name = [];
    private long _left;
    private int _padding;
    private long _headerAt;
    private long _produced;
    private bool _ended;

    /// <summary>The name of the member in the archive's own bytes, which need not be UTF-8.</summary>
    public ReadOnlyMemory<byte> NameBytes => _name;

    public string Name => Encoding.UTF8.GetString(_name);

    public byte Type { get; private set; }

    public long Size { get; private set; }

    public int Members { get; private set; }

    /// <summary>The bytes that the archive has unpacked to so far.</summary>
    public long Produced => _produced;

    public bool IsFile => IsFileType && !HasSlash;

    public bool IsDirectory => Type == TarHeader.Directory || (IsFileType && HasSlash);

    private bool IsFileType => Type is TarHeader.File or TarHeader.OldFile or TarHeader.ContiguousFile;

    private bool HasSlash => _name.AsSpan().EndsWith("/"u8);

    /// <summary>Goes to the next member. False when the archive has ended as it should.</summary>
    public bool MoveNext()
    {
        _extensions.Clear();
        while (!_ended)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Skip(_left + _padding);
            _left = 0;
            _padding = 0;
            _headerAt = _produced;
            ReadExactly(_block, "within a header");
            if (!_block.AsSpan().ContainsAnyExcept((byte)0))
            {
                _ended = true;
                return false;
            }

            ReadHeader();
            if (!ReadExtension())
            {
                FinishMember();
                return true;
            }
        }

        return false;
    }

    /// <summary>The whole content of the member.</summary>
    public byte[] ReadContent(int limit)
    {
        if (Size > limit)
        {
            throw Fault(FormatErrorCode.TooLarge, $"{Shown()} has {Size} bytes, more than {limit}");
        }

        // A header only claims a size: memory is taken as the content comes.
        var content = new byte[Math.Min(Size, FirstContentSize)];
        var read = 0;
        while (true)
        {
            ReadExactly(content.AsSpan(read), "within a member");
            read = content.Length;
            if (read == Size)
            {
                _left = 0;
                return content;
            }

            Array.Resize(ref content, (int)Math.Min(Size, 2L * read));
        }
    }

    /// <summary>Reads on behind the end of the archive, so that checksums of the compression are seen to be right.</summary>
    public void ReadToEnd()
    {
        while (Pull(_skipped) > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The name for a message: short and printable.</summary>
    public string Shown() => FormatError.Quote(Name);

    /// <summary>A fault of the member whose header was read last, with its place.</summary>
    public FormatFaultException Fault(FormatErrorCode code, string message, Exception? inner = null) =>
        new(code, $"{message} (header {Members}, at byte {_headerAt} of the unpacked archive)", inner);

    private void ReadHeader()
    {
        var block = _block.AsSpan();
        var sum = TarHeader.Number(block[TarHeader.Checksum]);
        if (sum != TarHeader.Sum(block))
        {
            throw Fault(FormatErrorCode.NotAnArchive, "the data are not a tar archive: a header has a wrong checksum");
        }

        Type = block[TarHeader.Type];
        var size = TarHeader.Number(block[TarHeader.Size]);
        if (size < 0)
        {
            throw Fault(FormatErrorCode.NotAnArchive, "a header has no valid size");
        }

        SetSize(size);
        if (++Members > limits.MaxMembers)
        {
            throw Fault(FormatErrorCode.TooLarge, $"the archive has more than {limits.MaxMembers} members");
        }
    }

    private void SetSize(long size)
    {
        if (size > limits.MaxUnpackedBytes)
        {
            throw TooLarge();
        }

        Size = size;
        _left = size;
        _padding = TarHeader.Padding(size);
    }

    /// <summary>Whether the header was one that describes the next member.</summary>
    private bool ReadExtension()
    {
        switch (Type)
        {
            case TarHeader.PaxHeader:
                Expect(_extensions.TryReadPax(ReadContent(limits.MaxExtendedHeaderBytes)));
                return true;
            case TarHeader.PaxGlobalHeader:
                Expect(TarExtensions.IsHarmlessGlobal(ReadContent(limits.MaxExtendedHeaderBytes)));
                return true;
            case TarHeader.GnuLongName:
                _extensions.Name = TarHeader.Text(ReadContent(limits.MaxExtendedHeaderBytes)).ToArray();
                return true;
            case TarHeader.GnuLongLink:
                return true;
            case TarHeader.GnuSparse:
                throw Fault(FormatErrorCode.NotAnArchive, "the archive uses GNU's old form for sparse files");
            default:
                return false;
        }
    }

    private void Expect(bool wellFormed)
    {
        if (!wellFormed)
        {
            throw Fault(FormatErrorCode.NotAnArchive, "an extended header of the archive is malformed");
        }
    }

    private void FinishMember()
    {
        _name = _extensions.Name ?? NameInHeader();
        if (_extensions.Size is { } size)
        {
            SetSize(size);
        }

        CheckName();

        // Readers differ on what follows a link or directory that has a size, so nobody shall have to guess.
        if (!IsFile && Size != 0)
        {
            throw Fault(FormatErrorCode.NotAnArchive, $"{Shown()} is not a file and has a content");
        }
    }

    private byte[] NameInHeader()
    {
        var name = TarHeader.Text(_block.AsSpan(TarHeader.Name));
        var prefix = _block.AsSpan(TarHeader.Magic).StartsWith("ustar\0"u8) ? TarHeader.Text(_block.AsSpan(TarHeader.Prefix)) : default;
        return prefix.IsEmpty ? name.ToArray() : [.. prefix, (byte)'/', .. name];
    }

    private void CheckName()
    {
        if (_name.Length == 0)
        {
            throw Fault(FormatErrorCode.UnsafeName, "a member has no name");
        }

        var rest = _name.AsSpan();
        var unsafeName = rest[0] == '/';
        foreach (var range in rest.Split((byte)'/'))
        {
            unsafeName |= rest[range].SequenceEqual(".."u8);
        }

        if (unsafeName || rest.Contains((byte)0))
        {
            throw Fault(FormatErrorCode.UnsafeName, $"the name {Shown()} leads out of the archive");
        }
    }

    private void Skip(long count)
    {
        while (count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var read = Pull(_skipped.AsSpan(0, (int)Math.Min(count, _skipped.Length)));
            if (read == 0)
            {
                throw Truncated("within a member");
            }

            count -= read;
        }
    }

    private void ReadExactly(Span<byte> buffer, string where)
    {
        while (!buffer.IsEmpty)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var read = Pull(buffer);
            if (read == 0)
            {
                throw Truncated(where);
            }

            buffer = buffer[read..];
        }
    }

    private int Pull(Span<byte> buffer)
    {
        int read;
        try
        {
            read = source.Read(buffer);
        }
        catch (FormatFaultException fault)
        {
            throw Fault(fault.Error.Code, fault.Error.Message, fault);
        }

        _produced += read;
        return _produced <= limits.MaxUnpackedBytes ? read : throw TooLarge();
    }

    private FormatFaultException Truncated(string where) => Fault(FormatErrorCode.Truncated, $"the archive ends {where}");

    private FormatFaultException TooLarge() =>
        Fault(FormatErrorCode.TooLarge, $"the archive unpacks to more than {limits.MaxUnpackedBytes} bytes");
}
