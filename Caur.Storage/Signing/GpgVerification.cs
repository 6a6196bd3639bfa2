namespace Caur.Storage.Signing;

/// <summary>The answer to whether a signature fits a file.</summary>
/// <param name="IsGood">True when a key of this home made it for exactly these bytes, and neither key nor signature was over or revoked.</param>
/// <param name="Fingerprint">The primary key that made it; null when it is not good.</param>
/// <param name="Reason">Why it is not good; empty when it is.</param>
public sealed record GpgVerification(bool IsGood, string? Fingerprint, string Reason)
{
    /// <summary>Reads gpg's status lines (doc/DETAILS in gpg's source).</summary>
    internal static GpgVerification Parse(string status, string error)
    {
        string? valid = null;
        var good = false;
        var reason = "";
        foreach (var line in status.Split('\n'))
        {
            var words = line.Split(' ');
            if (words.Length < 2 || words[0] != "[GNUPG:]")
            {
                continue;
            }

            switch (words[1])
            {
                case "GOODSIG":
                    good = true;
                    break;
                case "VALIDSIG":
                    valid = words[^1];
                    break;
                case "BADSIG":
                    reason = "the file is not the one that was signed";
                    break;
                case "EXPSIG":
                    reason = "the signature's time is over";
                    break;
                case "EXPKEYSIG":
                    reason = "the key's time is over";
                    break;
                case "REVKEYSIG":
                    reason = "the key was revoked";
                    break;
                case "NO_PUBKEY":
                    reason = $"the key {words[^1]} is not known here";
                    break;
                case "NODATA":
                    reason = "the signature file holds no signature";
                    break;
            }
        }

        return good && valid is not null && reason.Length == 0
            ? new GpgVerification(true, valid, "")
            : new GpgVerification(false, null, reason.Length > 0 ? reason : $"gpg does not accept it: {error.Trim()}");
    }
}
