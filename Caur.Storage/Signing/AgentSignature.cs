using System.Globalization;

namespace Caur.Storage.Signing;

/// <summary>gpg-agent's answer to PKSIGN: a canonical S-expression (RFC 9804) like <c>(7:sig-val(5:eddsa(1:r32:...)(1:s32:...)))</c>.</summary>
internal static class AgentSignature
{
    private const int MostNested = 8;
    private const int MostDigits = 5;

    /// <summary>The numbers of a signature in the order in which OpenPGP has them.</summary>
    /// <param name="answer">The agent's answer.</param>
    /// <param name="keyAlgorithm">OpenPGP's number of the kind of key (RFC 9580, 9.1).</param>
    /// <returns>Null for other kinds of keys, and when the answer is not such a signature.</returns>
    public static IReadOnlyList<byte[]>? TryRead(ReadOnlySpan<byte> answer, int keyAlgorithm)
    {
        string[] wanted = keyAlgorithm switch
        {
            // RSA.
            1 => ["s"],
            // ECDSA, and EdDSA in the form from before RFC 9580.
            19 or 22 => ["r", "s"],
            _ => [],
        };
        if (TryReadNode(ref answer, 0) is not { Items: [{ } kind, { Items: [_, .. var values] }, ..] } || !kind.Is("sig-val"))
        {
            return null;
        }

        var numbers = wanted
            .Select(name => values.FirstOrDefault(value => value.Items is [{ } named, { Atom: not null }] && named.Is(name))?.Items![1].Atom!)
            .ToList();
        return numbers.Count > 0 && numbers.TrueForAll(number => number is not null) ? numbers : null;
    }

    private static Node? TryReadNode(ref ReadOnlySpan<byte> text, int depth)
    {
        if (text is not [(byte)'(', ..])
        {
            return TryReadAtom(ref text) is { } atom ? new Node(atom, null) : null;
        }

        text = text[1..];
        var items = new List<Node>();
        while (depth < MostNested && !text.IsEmpty)
        {
            if (text[0] == (byte)')')
            {
                text = text[1..];
                return new Node(null, [.. items]);
            }

            if (TryReadNode(ref text, depth + 1) is not { } item)
            {
                return null;
            }

            items.Add(item);
        }

        return null;
    }

    private static byte[]? TryReadAtom(ref ReadOnlySpan<byte> text)
    {
        var colon = text.IndexOf((byte)':');
        if (colon is < 1 or > MostDigits
            || !int.TryParse(text[..colon], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || text.Length - colon - 1 < length)
        {
            return null;
        }

        var atom = text.Slice(colon + 1, length).ToArray();
        text = text[(colon + 1 + length)..];
        return atom;
    }

    /// <summary>A string of bytes, or a list.</summary>
    private sealed record Node(byte[]? Atom, Node[]? Items)
    {
        public bool Is(string name) => Atom is { } bytes && System.Text.Encoding.ASCII.GetString(bytes) == name;
    }
}
