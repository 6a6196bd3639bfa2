using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Caur.Silo.Cli;
using Caur.Silo.Tls;
using Caur.Silo.Web;
using Caur.Tests.Api;
using Caur.Tests.Cli;
using Caur.Tests.Configuration;
using Caur.Tests.Notifications;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Tls;

/// <summary>TLS by the server itself, as <c>caur web</c> composes it; the hub's is the same, and BuilderProcessTests go through it.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority = new();
    private readonly AllLines _log = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Certificate => _folder["live", "fullchain.pem"];

    private string Key => _folder["live", "privkey.pem"];

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Server_WithACertificate_SpeaksBothAndTlsToWhoTrustsItsAuthority()
    {
        Write(1);
        await using var server = await StartAsync(TimeProvider.System, ("CAUR_HTTP", "local"));
        server.Urls.Count.ShouldBe(2);
        var plain = server.Urls.Single(url => url.StartsWith("http://127.0.0.1:", StringComparison.Ordinal));
        using (var client = new HttpClient())
        {
            (await client.GetStringAsync(new Uri($"{plain}/health/live"), Token)).ShouldNotBeEmpty();
        }

        // The root alone is known: what leads to it comes from the server.
        using var trusting = Client(_authority.Root);
        using var answer = await trusting.GetAsync(Secure(server), Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);

        // The same without TLS.
        await using var local = await StartAsync(TimeProvider.System, ("CAUR_HTTP", "local"), ("CAUR_TLS_CERTIFICATE", ""));
        local.Urls.ShouldHaveSingleItem().ShouldStartWith("http://127.0.0.1:");

        using var another = new TestAuthority();
        using var refusing = Client(another.Root);
        (await Should.ThrowAsync<HttpRequestException>(refusing.GetAsync(Secure(server), Token))).InnerException.ShouldBeOfType<AuthenticationException>();
    }

    [Fact]
    public async Task Server_WithTooManyConnections_RefusesThoseWithTlsToo()
    {
        Write(1);
        await using var server = await StartAsync(TimeProvider.System, ("CAUR_MAX_CONNECTIONS_PER_CLIENT", "1"));
        using var held = new TcpClient();
        await held.ConnectAsync(IPAddress.Loopback, Secure(server).Port, Token);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.Zero,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
        });

        await ApiHub.UntilAsync(
            async () =>
            {
                using var answer = await client.GetAsync(new Uri($"https://127.0.0.1:{Secure(server).Port}/api/v1/queue"), Token);
                return answer.StatusCode == HttpStatusCode.ServiceUnavailable && (await answer.Content.ReadAsStringAsync(Token)).Contains("1 connections are open from this address", StringComparison.Ordinal);
            },
            "the refusal");
    }

    [Fact]
    public async Task Server_WhoseCertificateIsRenewed_TakesItWithoutARestartAndNoHalfOfIt()
    {
        Write(1);
        var time = new ManualTimeProvider();
        await using var server = await StartAsync(time);
        (await SerialAsync(server)).ShouldBe("01");

        // As certbot renews: other files, and links that lead to them, one after the other.
        var (chain, key) = _authority.Issue(2);
        Write(_folder["archive"], chain, key);
        Link(Key, _folder["archive", "privkey.pem"]);
        await LookedAsync(() => Said.Contains("The changed certificate cannot be used: the private key in", StringComparison.Ordinal), "the refusal");
        (await SerialAsync(server)).ShouldBe("01");
        Link(Certificate, _folder["archive", "fullchain.pem"]);
        await LookedAsync(() => Said.Contains("TLS has another certificate now: CN=localhost, valid until", StringComparison.Ordinal), "the renewal");
        (await SerialAsync(server)).ShouldBe("02");

        // It is gone for a moment, and of a bad one is told once.
        File.Delete(Certificate);
        await LookedAsync(() => Said.Contains("fullchain.pem cannot be read", StringComparison.Ordinal), "that it is gone");
        var lines = _log.Lines.Count;
        time.Advance(TlsCertificates.LookEvery);
        time.Advance(TlsCertificates.LookEvery);
        (await SerialAsync(server)).ShouldBe("02");
        _log.Lines.Skip(lines).ShouldAllBe(line => !line.Contains("certificate", StringComparison.Ordinal));
        Write(3);
        await ApiHub.UntilAsync(
            async () =>
            {
                time.Advance(TlsCertificates.LookEvery);
                return await SerialAsync(server) == "03";
            },
            "the third");

        Task LookedAsync(Func<bool> isSaid, string what) => Logs.Until.TrueAsync(
            () =>
            {
                time.Advance(TlsCertificates.LookEvery);
                return isSaid();
            },
            what);
    }

    [Theory]
    [InlineData("no file", "fullchain.pem cannot be read: ")]
    [InlineData("empty", "fullchain.pem has no certificate in PEM")]
    [InlineData("no certificate", "fullchain.pem has a certificate that cannot be read")]
    [InlineData("no key file", "privkey.pem cannot be read: ")]
    [InlineData("no key", "privkey.pem has no private key in PEM")]
    [InlineData("password", "privkey.pem has a private key with a password, and nobody is there to type it")]
    [InlineData("another's key", "the private key in ")]
    [InlineData("broken key", "the private key in ")]
    public async Task Start_WithBadFiles_SaysWhichAndWhy(string kind, string said)
    {
        Write(1);
        var (_, key) = _authority.Issue(2);
        switch (kind)
        {
            case "no file":
                File.Delete(Certificate);
                break;
            case "empty":
                File.WriteAllText(Certificate, "");
                break;
            case "no certificate":
                File.WriteAllText(Certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
                break;
            case "no key file":
                File.Delete(Key);
                break;
            case "no key":
                File.WriteAllText(Key, File.ReadAllText(Certificate));
                break;
            case "password":
                using (var secret = ECDsa.Create())
                {
                    File.WriteAllText(Key, secret.ExportEncryptedPkcs8PrivateKeyPem("x", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1)));
                }

                break;
            case "another's key":
                File.WriteAllText(Key, key);
                break;
            default:
                File.WriteAllText(Key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
                break;
        }

        using var harness = new ConfigurationHarness();
        (harness.Environment["CAUR_TLS_CERTIFICATE"], harness.Environment["CAUR_TLS_KEY"]) = (Certificate, Key);
        var problem = harness.Problems().ShouldHaveSingleItem();
        problem.ShouldStartWith("CAUR_TLS_CERTIFICATE (environment): gateway.tls_certificate: ");
        problem.ShouldContain(said);
        problem.ShouldNotContain('\n');

        var run = await CliRun.RunAsync(["web", "--web-port", "0", "--server", "http://127.0.0.1:9", "--data", _folder["data"]], harness.Environment);
        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain(said);
        run.Error.Trim().ShouldNotContain('\n');
    }

    [Fact]
    public void Check_OfSettingsThatDoNotGoTogether_SaysSo()
    {
        using var harness = new ConfigurationHarness();
        (harness.Environment["CAUR_TLS_KEY"], harness.Environment["CAUR_TLS_PORT"]) = (Key, "8443");
        harness.Problems().ShouldBeEmpty();
        harness.Notes().ShouldBe(
        [
            "CAUR_TLS_KEY (environment): gateway.tls_key is not used: gateway.tls_certificate (CAUR_TLS_CERTIFICATE) is not set",
            "CAUR_TLS_PORT (environment): gateway.tls_port is not used: gateway.tls_certificate (CAUR_TLS_CERTIFICATE) is not set",
        ]);

        Write(1, days: -1);
        (harness.Environment["CAUR_TLS_CERTIFICATE"], harness.Environment["CAUR_WEB_PORT"]) = (Certificate, "8443");
        harness.Problems().ShouldHaveSingleItem().ShouldContain("gateway.tls_port must be another port than gateway.port, 8443");
        harness.Environment["CAUR_WEB_PORT"] = "80";
        harness.Problems().ShouldBeEmpty();
        harness.Notes().ShouldHaveSingleItem().ShouldContain("no client will take it: it was valid until");

        // The key may stand in the same file.
        Write(2);
        File.AppendAllText(Certificate, File.ReadAllText(Key));
        harness.Environment.Remove("CAUR_TLS_KEY");
        harness.Problems().ShouldBeEmpty();
        harness.Environment["CAUR_HTTP"] = "local";
        harness.Notes().ShouldHaveSingleItem().ShouldContain("gateway.repository_url (CAUR_REPOSITORY_URL) is not set");
    }

    private string Said => string.Join('\n', _log.Lines);

    private static Uri Secure(WebApplication server) => new($"https://localhost:{new Uri(server.Urls.Single(url => url.StartsWith("https://", StringComparison.Ordinal))).Port}/health/live");

    private static HttpClient Client(X509Certificate2 trusted)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(trusted);
        return new HttpClient(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } });
    }

    private async Task<string?> SerialAsync(WebApplication server)
    {
        string? serial = null;
        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) => (serial = certificate?.GetSerialNumberString()) is not null,
            },
        });
        using var answer = await client.GetAsync(Secure(server), Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return serial;
    }

    private void Write(byte serial, int days = 20)
    {
        var (chain, key) = _authority.Issue(serial, days);
        Write(_folder["live"], chain, key);
    }

    private static void Write(string folder, string chain, string key)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "fullchain.pem"), chain);
        File.WriteAllText(Path.Combine(folder, "privkey.pem"), key);
    }

    private static void Link(string path, string target)
    {
        File.Delete(path);
        File.CreateSymbolicLink(path, target);
    }

    private async Task<WebApplication> StartAsync(TimeProvider time, params (string Name, string Value)[] more)
    {
        var variables = new Dictionary<string, string> { ["CAUR_TLS_CERTIFICATE"] = Certificate, ["CAUR_TLS_KEY"] = Key, ["CAUR_TLS_PORT"] = "0" };
        foreach (var (name, value) in more)
        {
            variables[name] = value;
        }

        var settings = new WebSettings
        {
            Server = new Uri("http://127.0.0.1:9/"),
            WebPort = 0,
            CacheFolder = _folder[$"cache-{Guid.NewGuid():N}"],
            Variable = variables.GetValueOrDefault,
        };
        var server = FrontHost.Build(settings, builder =>
        {
            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(_log);
            builder.Services.AddSingleton(time);
        });
        await server.StartAsync(Token);
        return server;
    }
}
