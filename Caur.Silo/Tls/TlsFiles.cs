using System.Globalization;

namespace Caur.Silo.Tls;

/// <summary>What the settings say of TLS.</summary>
/// <param name="Certificate">The file of the certificate, its own first and then those that lead to its authority, in PEM.</param>
/// <param name="Key">The file of its private key in PEM; may be the same.</param>
/// <param name="Port">Where TLS is spoken; 0 takes a free port.</param>
internal sealed record TlsFiles(string Certificate, string Key, int Port)
{
    public const int DefaultPort = 8443;

    /// <summary>Reads <c>CAUR_TLS_CERTIFICATE</c>, <c>CAUR_TLS_KEY</c>, <c>CAUR_TLS_PORT</c>, which were checked before.</summary>
    /// <returns>Null where no TLS is wanted.</returns>
    public static TlsFiles? Read(Func<string, string?> variable)
    {
        var (certificate, key, port) = (Value("CAUR_TLS_CERTIFICATE"), Value("CAUR_TLS_KEY"), Value("CAUR_TLS_PORT"));
        return certificate is null ? null
            : new TlsFiles(certificate, key ?? certificate, port is null ? DefaultPort : int.Parse(port, NumberStyles.None, CultureInfo.InvariantCulture));

        string? Value(string name) => variable(name) is { Length: > 0 } text ? text : null;
    }
}
