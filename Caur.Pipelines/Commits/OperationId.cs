using System.Security.Cryptography;
using System.Text;

namespace Caur.Pipelines.Commits;

/// <summary>The id of an order, made of what it is about: the same run again gives the same id, so that nothing is ordered twice.</summary>
internal static class OperationId
{
    /// <summary>Makes one.</summary>
    /// <param name="parts">What tells this order from others: the repository, where it was and is, and what is wanted.</param>
    public static Guid Of(params IEnumerable<string?> parts)
    {
        // Each with its length before it, so that no two lists read the same.
        var text = string.Concat(parts.Select(part => part is null ? "-;" : $"{part.Length}:{part};"));
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16);

        // RFC 9562: a UUID of its maker's own kind.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true);
    }
}
