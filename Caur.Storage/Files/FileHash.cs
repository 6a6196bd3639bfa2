using System.Buffers;
using System.Security.Cryptography;

namespace Caur.Storage.Files;

/// <summary>SHA-256 of files, as 64 lower-case hexadecimal digits.</summary>
public static class FileHash
{
    /// <summary>How much is read at once.</summary>
    internal const int PieceBytes = 256 * 1024;

    /// <summary>Hashes a file off the caller's turn.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Task<string> Sha256Async(string path, CancellationToken cancellationToken) =>
        Task.Run(
            async () =>
            {
                await using var stream = new FileStream(
                    path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
                return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
            },
            cancellationToken);

    /// <summary>True for 64 hexadecimal digits.</summary>
    public static bool IsSha256(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigit);

    /// <summary>Copies and hashes in one pass, and stops after more than <paramref name="limit"/> bytes.</summary>
    /// <returns>How many bytes were copied (at most one piece above the limit), and their hash.</returns>
    internal static async Task<(long Size, string Sha256)> CopyAsync(
        Stream from, Stream to, long limit, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            long size = 0;
            int read;
            while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0)
            {
                size += read;
                if (size > limit)
                {
                    break;
                }

                hash.AppendData(buffer, 0, read);
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }

            return (size, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
