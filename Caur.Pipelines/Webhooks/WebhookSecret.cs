using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Caur.Pipelines.Webhooks;

/// <summary>Whether a delivery is from somebody who knows the secret. All comparisons take the same time whatever is wrong.</summary>
internal static class WebhookSecret
{
    private const string HubPrefix = "sha256=";
    private const string KeyPrefix = "whsec_";

    /// <summary>A delivery of Standard Webhooks may be as old, or as far ahead, as that.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>Whether a token is one of the secrets.</summary>
    public static bool IsToken(IReadOnlyList<string> secrets, string token)
    {
        // Hashes are of one length, so that the secrets' lengths do not show either.
        var given = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        var found = false;
        foreach (var secret in secrets)
        {
            found |= CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(secret)), given);
        }

        return found;
    }

    /// <summary>Whether <c>sha256=HEX</c> is the body's HMAC with one of the secrets
    /// (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries).</summary>
    public static bool IsHubSignature(IReadOnlyList<string> secrets, string signature, ReadOnlySpan<byte> body)
    {
        if (!signature.StartsWith(HubPrefix, StringComparison.Ordinal) || signature.Length != HubPrefix.Length + (2 * SHA256.HashSizeInBytes)
            || signature.AsSpan(HubPrefix.Length).ContainsAnyExcept("0123456789abcdefABCDEF"))
        {
            return false;
        }

        var given = Convert.FromHexString(signature.AsSpan(HubPrefix.Length));
        var found = false;
        foreach (var secret in secrets)
        {
            found |= CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body), given);
        }

        return found;
    }

    /// <summary>Whether one of the signatures is that of id, time and body (https://github.com/standard-webhooks/standard-webhooks), and the time is
    /// about now.</summary>
    public static bool IsStandardSignature(
        IReadOnlyList<string> secrets, string id, string timestamp, string signatures, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > 100_000_000_000
            || (now - DateTimeOffset.FromUnixTimeSeconds(seconds)).Duration() > Tolerance)
        {
            return false;
        }

        var given = signatures.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(8)
            .Select(signature => signature.StartsWith("v1,", StringComparison.Ordinal) ? Decoded(signature[3..]) : null).ToList();
        var found = false;
        foreach (var secret in secrets)
        {
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, KeyOf(secret));
            hmac.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
            hmac.AppendData(body);
            var wanted = hmac.GetHashAndReset();
            foreach (var signature in given)
            {
                found |= signature is not null && CryptographicOperations.FixedTimeEquals(wanted, signature);
            }
        }

        return found;
    }

    private static byte[]? Decoded(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? bytes[..length] : null;
    }

    private static byte[] KeyOf(string secret) =>
        secret.StartsWith(KeyPrefix, StringComparison.Ordinal) && Decoded(secret[KeyPrefix.Length..]) is { } key ? key : Encoding.UTF8.GetBytes(secret);
}
