using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Caur.Tests.Tls;

/// <summary>An authority of a test's own, with another below it that signs what it issues.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _issuer;

    public TestAuthority()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _root = Authority("CN=a test's authority", rootKey).CreateSelfSigned(now.AddDays(-30), now.AddDays(30));
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = Authority("CN=who signs for it", issuerKey).Create(_root, now.AddDays(-30), now.AddDays(29), [7]);
        _issuer = signed.CopyWithPrivateKey(issuerKey);
    }

    /// <summary>What clients trust.</summary>
    public X509Certificate2 Root => _root;

    /// <summary>The same for files.</summary>
    public string RootPem => _root.ExportCertificatePem();

    /// <summary>Issues a certificate for localhost.</summary>
    /// <param name="serial">Its number.</param>
    /// <param name="days">How long it is valid; less than 0 when it was.</param>
    /// <returns>The chain and the key, in PEM.</returns>
    public (string Chain, string Key) Issue(byte serial, int days = 20)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var leaf = request.Create(_issuer, now.AddDays(Math.Min(days - 1, -1)), now.AddDays(days), [serial]);
        return ($"{leaf.ExportCertificatePem()}\n{_issuer.ExportCertificatePem()}\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose()
    {
        _root.Dispose();
        _issuer.Dispose();
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }
}
