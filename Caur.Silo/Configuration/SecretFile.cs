using System.Text;

namespace Caur.Silo.Configuration;

/// <summary>A file with one secret in it, as container engines and service managers hand them over.</summary>
internal static class SecretFile
{
    private const int Largest = 1024 * 1024;

    /// <summary>Reads the secret; a line's end behind it does not belong to it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">Why there is none, for people; null when there is one.</param>
    public static string? Read(string path, out string? problem)
    {
        problem = null;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 4096, FileOptions.SequentialScan);
            var bytes = new byte[Largest + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length).TrimEnd('\r', '\n');
            problem = length > Largest ? $"{path} is larger than {Largest} bytes"
                : text.Length == 0 ? $"{path} is empty"
                : null;
            return problem is null ? text : null;
        }
        catch (DecoderFallbackException)
        {
            problem = $"{path} is not UTF-8";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problem = $"{Shown.Text(path)} cannot be read: {error.Message}";
        }

        return null;
    }
}
