using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Caur.Silo.Tls;

/// <summary>A certificate with its private key and its chain, as it is in files.</summary>
/// <param name="Context">What a handshake wants.</param>
/// <param name="Digest">Of the files' content.</param>
internal sealed record TlsCertificate(SslStreamCertificateContext Context, string Digest)
{
    private const long LargestFile = 1 << 20;

    private static readonly TimeSpan Soon = TimeSpan.FromDays(7);

    private X509Certificate2 Leaf => Context.TargetCertificate;

    /// <summary>From when on no client takes it.</summary>
    public DateTimeOffset Ends => Leaf.NotAfter.ToUniversalTime();

    /// <summary>For people: whose it is and until when.</summary>
    public string Shown => FormattableString.Invariant($"{Leaf.Subject}, valid until {Leaf.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC");

    /// <summary>Reads the files.</summary>
    /// <exception cref="TlsException">They cannot be read.</exception>
    public static (string Certificate, string Key) Read(TlsFiles files) => (Text(files.Certificate), files.Key == files.Certificate ? Text(files.Certificate) : Text(files.Key));

    /// <summary>The same content has the same.</summary>
    public static string DigestOf((string Certificate, string Key) texts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{texts.Certificate}\0{texts.Key}")));

    /// <summary>Reads the files and makes a certificate of them.</summary>
    /// <exception cref="TlsException">They are none; the message says which and why.</exception>
    public static TlsCertificate Load(TlsFiles files) => Load(files, Read(files));

    /// <summary>Makes a certificate of what was read.</summary>
    /// <exception cref="TlsException">It is none; the message says which file and why.</exception>
    public static TlsCertificate Load(TlsFiles files, (string Certificate, string Key) texts)
    {
        var all = new X509Certificate2Collection();
        try
        {
            all.ImportFromPem(texts.Certificate);
        }
        catch (CryptographicException wrong)
        {
            throw new TlsException($"{files.Certificate} has a certificate that cannot be read: {wrong.Message}", wrong);
        }

        if (all.Count == 0)
        {
            throw new TlsException($"{files.Certificate} has no certificate in PEM (-----BEGIN CERTIFICATE-----)");
        }

        if (texts.Key.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal) || texts.Key.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
        {
            throw new TlsException($"{files.Key} has a private key with a password, and nobody is there to type it: 'openssl pkey -in {files.Key}' writes one without");
        }

        if (!texts.Key.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            throw new TlsException($"{files.Key} has no private key in PEM (-----BEGIN PRIVATE KEY-----)");
        }

        try
        {
            var leaf = X509Certificate2.CreateFromPem(texts.Certificate, texts.Key);
            all.RemoveAt(0);
            return new TlsCertificate(SslStreamCertificateContext.Create(leaf, all, offline: true), DigestOf(texts));
        }
        catch (Exception wrong) when (wrong is CryptographicException or ArgumentException)
        {
            throw new TlsException($"the private key in {files.Key} is not that of the first certificate in {files.Certificate}, or cannot be read: {wrong.Message}", wrong);
        }
    }

    /// <summary>What clients will have against it, or soon; null for nothing that shows here.</summary>
    public string? Concern(DateTimeOffset now) =>
        Leaf.NotAfter.ToUniversalTime() < now.UtcDateTime ? $"no client will take it: it was valid until {Leaf.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC"
        : Leaf.NotBefore.ToUniversalTime() > now.UtcDateTime ? $"no client will take it yet: it is valid from {Leaf.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} UTC"
        : Leaf.NotAfter.ToUniversalTime() < now.UtcDateTime + Soon ? $"it ends on {Leaf.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC"
        : null;

    private static string Text(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > LargestFile)
            {
                throw new TlsException($"{path} is larger than {LargestFile} bytes");
            }

            // Latin-1: a key in DER has no PEM in it, and is said to have none.
            using var reader = new StreamReader(file, Encoding.Latin1);
            return reader.ReadToEnd();
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new TlsException($"{path} cannot be read: {wrong.Message}", wrong);
        }
    }
}

/// <summary>There is no certificate to speak TLS with. The message is for people: which file, and what is wrong with it.</summary>
internal sealed class TlsException(string message, Exception? inner = null) : Exception(message, inner);
