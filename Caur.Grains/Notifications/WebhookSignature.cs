using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Caur.Grains.Notifications;

/// <summary>Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks): HMAC-SHA256 over id, time and body.</summary>
internal static class WebhookSignature
{
    private const string Prefix = "whsec_";

    /// <summary>The headers of a delivery.</summary>
    /// <param name="secret"><c>whsec_</c> and base64, or any other text as it is.</param>
    /// <param name="id">Names the delivery.</param>
    /// <param name="now">When it is sent.</param>
    /// <param name="body">What is.</param>
    public static IReadOnlyList<(string Name, string Value)> Headers(string secret, string id, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        var timestamp = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, KeyOf(secret));
        hmac.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
        hmac.AppendData(body);
        return [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", $"v1,{Convert.ToBase64String(hmac.GetHashAndReset())}")];
    }

    /// <summary>The key's bytes.</summary>
    public static byte[] KeyOf(string secret)
    {
        var bytes = new byte[secret.Length];
        return secret.StartsWith(Prefix, StringComparison.Ordinal) && Convert.TryFromBase64String(secret[Prefix.Length..], bytes, out var length)
            ? bytes[..length]
            : Encoding.UTF8.GetBytes(secret);
    }
}
