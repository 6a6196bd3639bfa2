using System.Text;
using System.Text.RegularExpressions;

namespace Caur.Silo.Demo;

/// <summary>Turns a container's terminal output into plain lines, whatever the pieces it arrives in: no escape sequences, of a line that
/// was written over the last state, no empty lines.</summary>
internal sealed partial class PlainLines(Action<string> write)
{
    private const int LongestLine = 64 * 1024;

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _line = new();

    public void Add(ReadOnlySpan<byte> bytes)
    {
        var characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        foreach (var character in characters.AsSpan(0, _decoder.GetChars(bytes, characters, flush: false)))
        {
            if (character == '\n' || _line.Length >= LongestLine)
            {
                End();
            }

            if (character != '\n')
            {
                _line.Append(character);
            }
        }
    }

    /// <summary>Writes what is left of a line without an end.</summary>
    public void End()
    {
        var text = Escapes().Replace(_line.ToString(), "").TrimEnd('\r', ' ', '\t');
        _line.Clear();
        var last = text[(text.LastIndexOf('\r') + 1)..];
        if (last.Length > 0)
        {
            write(string.Concat(last.Select(character => char.IsControl(character) ? ' ' : character)));
        }
    }

    /// <summary>CSI, OSC and two-character sequences (ECMA-48).</summary>
    [GeneratedRegex(@"\e\[[0-?]*[ -/]*[@-~]|\e\][^\a\e]*(?:\a|\e\\)|\e[ -/]*[0-~]")]
    private static partial Regex Escapes();
}
