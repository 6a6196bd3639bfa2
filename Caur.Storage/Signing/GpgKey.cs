using System.Globalization;

namespace Caur.Storage.Signing;

/// <summary>A secret key.</summary>
/// <param name="Fingerprint">40 or 64 upper-case hexadecimal digits.</param>
/// <param name="UserId">Its first user id, usually <c>Name &lt;mail&gt;</c>.</param>
/// <param name="Expires">When it ends; null for never.</param>
public sealed record GpgKey(string Fingerprint, string UserId, DateTimeOffset? Expires)
{
    /// <summary>When it makes its last signature: at its own end, or before that when the only parts of it that can sign here are subkeys, and
    /// the last of them ends. Null for never.</summary>
    public DateTimeOffset? SigningEnds { get; init; } = Expires;

    /// <summary>What keeps the key from being used; null when nothing does.</summary>
    internal GpgProblem? Problem { get; init; }

    /// <summary>Reads <c>gpg --list-secret-keys --with-colons</c> (doc/DETAILS in gpg's source): a <c>sec</c> line, its <c>fpr</c>, then
    /// its <c>uid</c> lines.</summary>
    internal static IReadOnlyList<GpgKey> Parse(string colons)
    {
        var keys = new List<GpgKey>();
        var wantsFingerprint = false;
        var signers = new List<DateTimeOffset?>();
        foreach (var line in colons.Split('\n'))
        {
            var fields = line.Split(':');
            switch (fields[0])
            {
                case "sec" when fields.Length > 11:
                    keys.Add(new GpgKey("", "", ExpiryOf(fields[6])) { Problem = ProblemOf(fields[1], fields[11]) });
                    wantsFingerprint = true;
                    signers.Clear();
                    AddSigner(fields);
                    break;
                case "ssb" when keys.Count > 0:
                    // The next fingerprint is the subkey's.
                    wantsFingerprint = false;
                    AddSigner(fields);
                    break;
                case "fpr" when wantsFingerprint && fields.Length > 9:
                    keys[^1] = keys[^1] with { Fingerprint = fields[9] };
                    wantsFingerprint = false;
                    break;
                case "uid" when keys.Count > 0 && keys[^1].UserId.Length == 0 && fields.Length > 9:
                    keys[^1] = keys[^1] with { UserId = fields[9].Replace("\\x3a", ":", StringComparison.Ordinal) };
                    break;
            }
        }

        return keys;

        void AddSigner(string[] fields)
        {
            if (SignsHere(fields))
            {
                signers.Add(ExpiryOf(fields[6]));
                keys[^1] = keys[^1] with { SigningEnds = Earlier(keys[^1].Expires, signers.Aggregate(Later)) };
            }
        }
    }

    /// <summary>The keygrips of all keys and subkeys in such a list, by their fingerprints: a <c>grp</c> line follows each <c>fpr</c> line.</summary>
    internal static IEnumerable<(string Fingerprint, string Keygrip)> ParseKeygrips(string colons)
    {
        var fingerprint = "";
        foreach (var fields in colons.Split('\n').Select(line => line.Split(':')).Where(fields => fields.Length > 9))
        {
            if (fields[0] == "fpr")
            {
                fingerprint = fields[9];
            }
            else if (fields[0] == "grp")
            {
                yield return (fingerprint, fields[9]);
            }
        }
    }

    /// <summary>Whether a key or subkey may sign, is not over, and has its secret part here.</summary>
    private static bool SignsHere(string[] fields) =>
        fields.Length > 14 && fields[11].Contains('s', StringComparison.Ordinal) && fields[14] != "#" && fields[1] is not ("e" or "r" or "i" or "d");

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;

    private static DateTimeOffset? Later(DateTimeOffset? one, DateTimeOffset? other) => one is null || other is null ? null : one > other ? one : other;

    private static DateTimeOffset? ExpiryOf(string field) =>
        long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    private static GpgProblem? ProblemOf(string validity, string capabilities) => validity switch
    {
        "e" => GpgProblem.KeyExpired,
        "r" => GpgProblem.KeyRevoked,
        // An upper-case S: the key as a whole can sign. A D: it was disabled.
        _ when capabilities.Contains('D', StringComparison.Ordinal) || !capabilities.Contains('S', StringComparison.Ordinal)
            => GpgProblem.KeyUnusable,
        _ => null,
    };
}
