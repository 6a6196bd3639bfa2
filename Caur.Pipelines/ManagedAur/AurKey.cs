using System.Text;

namespace Caur.Pipelines.ManagedAur;

/// <summary>The private key of <c>AUR_KEY</c>.</summary>
internal static class AurKey
{
    private const string Begin = "-----BEGIN ";

    /// <summary>The key's text as ssh takes it: given as it is, with whatever line ends, also with <c>\n</c> written out, or in base64.</summary>
    /// <returns>Null, with what is wrong, when it is no private key. What is wrong never shows any of it.</returns>
    public static string? Read(string? variable, out string? problem)
    {
        problem = null;
        if (string.IsNullOrWhiteSpace(variable))
        {
            problem = "there is no key for the AUR; AUR_KEY holds it";
            return null;
        }

        var text = variable.Trim();
        if (!text.StartsWith(Begin, StringComparison.Ordinal) && FromBase64(text) is { } decoded)
        {
            text = decoded.Trim();
        }

        if (!text.Contains('\n', StringComparison.Ordinal))
        {
            text = text.Replace("\\n", "\n", StringComparison.Ordinal);
        }

        text = text.ReplaceLineEndings("\n").Trim();
        if (!text.StartsWith(Begin, StringComparison.Ordinal) || !text.Contains("PRIVATE KEY-----", StringComparison.Ordinal) || !text.EndsWith("-----", StringComparison.Ordinal))
        {
            problem = "AUR_KEY is no private key: it has to be the file's text, or that in base64";
            return null;
        }

        return text + "\n";
    }

    private static string? FromBase64(string text)
    {
        var plain = string.Concat(text.Where(c => !char.IsWhiteSpace(c)));
        var bytes = new byte[plain.Length];
        return Convert.TryFromBase64String(plain, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }
}
