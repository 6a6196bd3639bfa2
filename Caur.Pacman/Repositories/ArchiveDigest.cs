using System.Security.Cryptography;

namespace Caur.Pacman;

/// <summary>The length of a file and its sums, in lower-case hexadecimal.</summary>
internal sealed record ArchiveDigest(long Length, string Md5, string Sha256);

/// <summary>Hashes what is read through it, so that a file is read once for its content and its sums.</summary>
internal sealed class DigestStream(Stream inner) : ReadOnlyStream
{
    // MD5 is no protection here: it is a field of the format that old clients still read.
    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;

    public override int Read(Span<byte> buffer)
    {
        var count = inner.Read(buffer);
        _md5.AppendData(buffer[..count]);
        _sha256.AppendData(buffer[..count]);
        _length += count;
        return count;
    }

    /// <summary>Reads what a reader of the content has left, and gives the sums of all.</summary>
    public ArchiveDigest Finish(CancellationToken cancellationToken)
    {
        var rest = new byte[128 * 1024];
        while (Read(rest) > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return new ArchiveDigest(
            _length, Convert.ToHexStringLower(_md5.GetHashAndReset()), Convert.ToHexStringLower(_sha256.GetHashAndReset()));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _md5.Dispose();
            _sha256.Dispose();
        }

        base.Dispose(disposing);
    }
}
