using System.Net.Http.Headers;
using Caur.Api.Hosting;
using Caur.Api.Limits;
using Caur.Tests.Link;
using Caur.Tests.Mirrors;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Deploy.Containers;

/// <summary>A gateway behind a real nginx with the site of deploy/nginx that has it in a folder.</summary>
public sealed class SubPathFarm : IAsyncLifetime
{
    private LinkHub? _hub;
    private Nginx? _nginx;

    internal LinkHub Hub => _hub!;

    /// <summary>The gateway's address, as everybody else has it.</summary>
    internal Uri Url { get; private set; } = null!;

    /// <summary>Asks there without a token, and follows no redirect.</summary>
    internal HttpClient Http { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await LinkHub.StartAsync(more: services =>
        {
            services.Configure<RequestLimits>(limits => limits.BodyBytes = 1 << 30);
            services.Configure<ProxyOptions>(proxies => proxies.Trusted.Add("127.0.0.1"));
        });
        _nginx = await Nginx.StartAsync(await NginxSite.ReadAsync("sub-path.conf", _hub.Hub.Url));
        Url = new Uri($"http://127.0.0.1:{_nginx.Port}/caur/");
        Http = Client(null);
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (_nginx is not null)
        {
            await _nginx.DisposeAsync();
        }

        if (_hub is not null)
        {
            await _hub.DisposeAsync();
        }
    }

    /// <summary>Asks there with the token of another client.</summary>
    internal HttpClient Client(AuthenticationHeaderValue? authorization)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = Url };
        client.DefaultRequestHeaders.Authorization = authorization;
        return client;
    }
}
