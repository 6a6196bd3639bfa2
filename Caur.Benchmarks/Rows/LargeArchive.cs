using System.Security.Cryptography;
using Caur.Protocol.Builders;

namespace Caur.Benchmarks.Rows;

/// <summary>An archive that nothing can make smaller.</summary>
internal static class LargeArchive
{
    public static async Task<(ArchiveInfo Archive, string Path)> MakeAsync(string folder, int mebibytes, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, "large-1-1-any.pkg.tar.zst");
        var piece = new byte[1 << 20];
        new Random(1).NextBytes(piece);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using (var file = File.Create(path))
        {
            for (var i = 0; i < mebibytes; i++)
            {
                BitConverter.TryWriteBytes(piece, i);
                hash.AppendData(piece);
                await file.WriteAsync(piece, cancellationToken);
            }
        }

        return (new ArchiveInfo(Path.GetFileName(path), new FileInfo(path).Length, Convert.ToHexStringLower(hash.GetHashAndReset())), path);
    }
}
