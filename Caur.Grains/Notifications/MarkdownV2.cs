using System.Buffers;
using System.Text;

namespace Caur.Grains.Notifications;

/// <summary>Telegram's MarkdownV2 (https://core.telegram.org/bots/api#markdownv2-style).</summary>
internal static class MarkdownV2
{
    private static readonly SearchValues<char> Special = SearchValues.Create("_*[]()~`>#+-=|{}.!\\");

    private static readonly SearchValues<char> SpecialInAddress = SearchValues.Create(")\\");

    /// <summary>Text that is shown as it is.</summary>
    public static string Text(string text) => Escape(text, Special);

    /// <summary>A link.</summary>
    public static string Link(string text, Uri address) => $"[{Text(text)}]({Escape(address.AbsoluteUri, SpecialInAddress)})";

    private static string Escape(string text, SearchValues<char> special)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            if (special.Contains(c))
            {
                escaped.Append('\\');
            }

            // A line's end would begin another line of the message; no other control character is shown.
            escaped.Append(char.IsControl(c) ? ' ' : c);
        }

        return escaped.ToString();
    }
}
