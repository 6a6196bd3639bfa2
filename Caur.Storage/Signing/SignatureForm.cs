using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Caur.Storage.Files;

namespace Caur.Storage.Signing;

/// <summary>What one detached signature of gpg's tells about all others that it would make with the same key at the same time: everything but
/// the digest and the signature's numbers. RFC 9580: packet headers 4.2, version 4 signatures 5.2.3, numbers 3.2, digests 9.5.</summary>
internal sealed class SignatureForm
{
    private const int Version = 4;
    private const int BinaryDocument = 0x00;
    private const int IssuerFingerprintType = 33;
    private const int CriticalBit = 0x80;
    private const int FingerprintBytes = 20;
    private const int TrailerMark = 0xFF;

    /// <summary>The old header of a signature packet whose length has one byte; two bytes are the next one. What gpg writes.</summary>
    private const byte ShortHeader = 0x88;

    private readonly byte[] _hashed;
    private readonly byte[] _unhashed;

    private SignatureForm(byte[] hashed, byte[] unhashed, string issuer, HashAlgorithmName digest)
    {
        _hashed = hashed;
        _unhashed = unhashed;
        Issuer = issuer;
        Digest = digest;
    }

    /// <summary>The fingerprint of the key or subkey that signed: 40 upper-case hexadecimal digits.</summary>
    public string Issuer { get; }

    /// <summary>OpenPGP's number of the kind of key.</summary>
    public int KeyAlgorithm => _hashed[2];

    /// <summary>OpenPGP's number of the digest, which is libgcrypt's too.</summary>
    public int DigestNumber => _hashed[3];

    /// <summary>The digest.</summary>
    public HashAlgorithmName Digest { get; }

    /// <summary>Reads a signature. Null for what is not one version 4 signature of a file, with an issuer and a digest that are known here.</summary>
    public static SignatureForm? TryRead(ReadOnlySpan<byte> packet)
    {
        if (!TryReadBody(packet, out var body) || body.Length < 6 || body[0] != Version || body[1] != BinaryDocument || DigestOf(body[3]) is not { } digest)
        {
            return null;
        }

        var hashedEnd = 6 + BinaryPrimitives.ReadUInt16BigEndian(body[4..]);
        if (body.Length < hashedEnd + 2 || FindIssuer(body[6..hashedEnd]) is not { } issuer)
        {
            return null;
        }

        var unhashedEnd = hashedEnd + 2 + BinaryPrimitives.ReadUInt16BigEndian(body[hashedEnd..]);
        return body.Length < unhashedEnd ? null : new SignatureForm(body[..hashedEnd].ToArray(), body[hashedEnd..unhashedEnd].ToArray(), issuer, digest);
    }

    /// <summary>The digest of a file, and of what the signature says of itself.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public Task<byte[]> HashAsync(string path, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using var hash = IncrementalHash.CreateHash(Digest);
            using var stream = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var buffer = ArrayPool<byte>.Shared.Rent(FileHash.PieceBytes);
            try
            {
                int read;
                while ((read = stream.Read(buffer)) > 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    hash.AppendData(buffer, 0, read);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            var trailer = new byte[6];
            trailer[0] = Version;
            trailer[1] = TrailerMark;
            BinaryPrimitives.WriteUInt32BigEndian(trailer.AsSpan(2), (uint)_hashed.Length);
            hash.AppendData(_hashed);
            hash.AppendData(trailer);
            return hash.GetHashAndReset();
        },
        cancellationToken);

    /// <summary>The whole packet.</summary>
    /// <param name="digest">What <see cref="HashAsync"/> made.</param>
    /// <param name="numbers">The signature's numbers in the order of the kind of key, the most significant byte first.</param>
    public byte[] Compose(ReadOnlySpan<byte> digest, IEnumerable<byte[]> numbers)
    {
        byte[] body = [.. _hashed, .. _unhashed, .. digest[..2], .. numbers.SelectMany(Number)];
        return body.Length <= byte.MaxValue
            ? [ShortHeader, (byte)body.Length, .. body]
            : [ShortHeader + 1, (byte)(body.Length >> 8), (byte)body.Length, .. body];
    }

    /// <summary>A number as its length in bits and its bytes, without zeros before them.</summary>
    private static byte[] Number(byte[] bytes)
    {
        var digits = bytes.AsSpan().TrimStart((byte)0);
        var bits = digits.IsEmpty ? 0 : (digits.Length * 8) - BitOperations.LeadingZeroCount((uint)digits[0] << 24);
        return [(byte)(bits >> 8), (byte)bits, .. digits];
    }

    private static bool TryReadBody(ReadOnlySpan<byte> packet, out ReadOnlySpan<byte> body)
    {
        body = packet switch
        {
            [ShortHeader, _, ..] => packet[2..],
            [ShortHeader + 1, _, _, ..] => packet[3..],
            _ => default,
        };
        return packet switch
        {
            [ShortHeader, var length, ..] => body.Length == length,
            [ShortHeader + 1, var high, var low, ..] => body.Length == (high << 8 | low),
            _ => false,
        };
    }

    private static string? FindIssuer(ReadOnlySpan<byte> subpackets)
    {
        while (!subpackets.IsEmpty)
        {
            var (start, length) = subpackets switch
            {
                [< 192, ..] => (1, subpackets[0]),
                [< 255, var low, ..] => (2, ((subpackets[0] - 192) << 8) + low + 192),
                [255, _, _, _, _, ..] => (5, (int)Math.Min(int.MaxValue - 5, BinaryPrimitives.ReadUInt32BigEndian(subpackets[1..]))),
                _ => (0, 0),
            };
            if (length == 0 || subpackets.Length - start < length)
            {
                return null;
            }

            var subpacket = subpackets.Slice(start, length);
            if ((subpacket[0] & ~CriticalBit) == IssuerFingerprintType)
            {
                return subpacket.Length == 2 + FingerprintBytes && subpacket[1] == Version ? Convert.ToHexString(subpacket[2..]) : null;
            }

            subpackets = subpackets[(start + length)..];
        }

        return null;
    }

    private static HashAlgorithmName? DigestOf(byte number) => number switch
    {
        8 => HashAlgorithmName.SHA256,
        9 => HashAlgorithmName.SHA384,
        10 => HashAlgorithmName.SHA512,
        _ => null,
    };
}
