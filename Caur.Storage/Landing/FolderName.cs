using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Caur.Storage.Files;

namespace Caur.Storage.Landing;

/// <summary>Any text as one visible folder name and back: bytes other than letters, digits and <c>@ + _ : -</c>, and dots at the start,
/// become <c>%XX</c>.</summary>
internal static class FolderName
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>False when the text is empty, is not Unicode, or would need more than 255 bytes.</summary>
    public static bool TryEncode(string text, [NotNullWhen(true)] out string? name)
    {
        name = null;
        var encoded = new StringBuilder(text.Length + 16);
        try
        {
            foreach (var octet in Strict.GetBytes(text))
            {
                if (char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'@' or (byte)'+' or (byte)'_' or (byte)':' or (byte)'-'
                    || (octet == '.' && encoded.Length > 0))
                {
                    encoded.Append((char)octet);
                }
                else
                {
                    encoded.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
                }
            }
        }
        catch (EncoderFallbackException)
        {
            return false;
        }

        if (encoded.Length is 0 or > PathGuard.MaxNameBytes)
        {
            return false;
        }

        name = encoded.ToString();
        return true;
    }

    /// <summary>False for a name that <see cref="TryEncode"/> never makes.</summary>
    public static bool TryDecode(string name, [NotNullWhen(true)] out string? text)
    {
        text = null;
        var bytes = new List<byte>(name.Length);
        for (var index = 0; index < name.Length; index++)
        {
            if (name[index] != '%')
            {
                bytes.Add((byte)name[index]);
            }
            else if (index + 2 < name.Length
                && byte.TryParse(name.AsSpan(index + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
            {
                bytes.Add(octet);
                index += 2;
            }
            else
            {
                return false;
            }
        }

        try
        {
            var decoded = Strict.GetString([.. bytes]);
            // Only the one spelling counts: two folders must never mean the same build.
            if (TryEncode(decoded, out var again) && string.Equals(again, name, StringComparison.Ordinal))
            {
                text = decoded;
                return true;
            }
        }
        catch (DecoderFallbackException)
        {
        }

        return false;
    }
}
