using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Caur.Silo.Hub;
using Orleans.Connections.Security;

namespace Caur.Silo.Engines;

/// <summary>TLS between the processes of a cluster: each shows a certificate that the cluster's own authority signed, and believes no other.
/// Names in certificates do not matter: silos are reached by addresses that change.</summary>
internal static class OrleansTls
{
    /// <summary>Reads the files and sets both directions.</summary>
    /// <exception cref="HubSettingsException">A file cannot be used.</exception>
    public static void Configure(TlsOptions options, (string Certificate, string Key, string Authority) files)
    {
        options.LocalCertificate = Read(files);
        options.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.RemoteCertificateValidation = (certificate, _, _) => IsSignedBy(certificate, files.Authority);
        options.OnAuthenticateAsClient = static (_, client) => client.TargetHost = "caur";
    }

    /// <summary>Whether an authority's file holds who signed a certificate, and its time is now.</summary>
    public static bool IsSignedBy(X509Certificate2 certificate, string authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;

        // Whoever shows a certificate must not have this process ask addresses that stand in it.
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    private static X509Certificate2 Read((string Certificate, string Key, string Authority) files)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(files.Authority);
            if (authorities.Count == 0)
            {
                throw new HubSettingsException($"CAUR_SILO_TLS_CA: there is no certificate in {files.Authority}");
            }

            using var read = X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);

            // Only so the key stays with it where a connection is served.
            var own = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
            return IsSignedBy(own, files.Authority)
                ? own
                : throw new HubSettingsException($"CAUR_SILO_TLS_CERT: the authority in {files.Authority} did not sign {files.Certificate}, or its time is over");
        }
        catch (Exception problem) when (problem is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new HubSettingsException($"the certificate {files.Certificate} with the key {files.Key} cannot be used (CAUR_SILO_TLS_CERT, CAUR_SILO_TLS_KEY): {problem.Message}");
        }
    }
}
