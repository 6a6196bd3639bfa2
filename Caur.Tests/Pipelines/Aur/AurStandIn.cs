using System.Globalization;
using System.Text.Json;
using Caur.Pipelines.Aur;
using Caur.Pipelines.Polite;
using Caur.Tests.Notifications;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Caur.Tests.Pipelines.Aur;

/// <summary>An AUR of a test's own: metadata with an entity tag, and the RPC interface, which knows pkgnames.</summary>
internal sealed class AurStandIn : IAsyncDisposable
{
    private readonly RecordingServer _server;
    private readonly HttpClient _http = HostProxy.Client(null);
    private readonly Dictionary<string, (string Base, long Time, string? Maintainer, string[] Others)> _packages = new(StringComparer.Ordinal);

    private AurStandIn(RecordingServer server)
    {
        _server = server;
        _server.Answer = AnswerAsync;
        Options = new AurOptions { Metadata = new Uri($"{server.Address}/packages-meta-v1.json.gz"), Rpc = new Uri($"{server.Address}/rpc/v5/") };
        Client = new PoliteClient(_http, new HostPacer(Polite, TimeProvider.System), Polite, TimeProvider.System);
    }

    public AurOptions Options { get; }

    public PoliteClient Client { get; }

    public bool MetadataFail { get; set; }

    public bool RpcFails { get; set; }

    /// <summary>Where its packages' repositories are served; null when they are nowhere.</summary>
    public string? Git { get; set; }

    public IReadOnlyList<RecordedRequest> Requests => _server.Requests;

    public string Address => _server.Address;

    private static PoliteOptions Polite => new() { BackOff = TimeSpan.Zero, GiveUpAfter = 100 };

    public static async Task<AurStandIn> StartAsync() => new(await RecordingServer.StartAsync());

    public void Set(string name, long time, string? maintainer = "ann", string? pkgbase = null, params string[] others) =>
        _packages[name] = (pkgbase ?? name, time, maintainer, others);

    public AurClient Ask(AurOptions? options = null, AurCache? cache = null) => new(Client, options ?? Options, cache);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    private Task AnswerAsync(RecordedRequest request, HttpContext context)
    {
        if (request.Target == "/packages-meta-v1.json.gz" && !MetadataFail)
        {
            var text = "[\n" + string.Join(",\n", _packages.Select(package => Write(package.Key, extended: false))) + "\n]";
            var tag = string.Create(CultureInfo.InvariantCulture, $"\"{text.Length}-{_packages.Values.Max(package => package.Time)}\"");
            context.Response.Headers.ETag = tag;
            if (request.Headers.GetValueOrDefault("If-None-Match") == tag)
            {
                context.Response.StatusCode = 304;
                return Task.CompletedTask;
            }

            return context.Response.Body.WriteAsync(AurMetadataTests.Gzip(text)).AsTask();
        }

        if (request.Target.StartsWith("/rpc/v5/info?", StringComparison.Ordinal) && !RpcFails)
        {
            var names = QueryHelpers.ParseQuery(request.Target[request.Target.IndexOf('?', StringComparison.Ordinal)..])["arg[]"];
            var found = names.OfType<string>().Where(_packages.ContainsKey).Select(name => Write(name, extended: true)).ToArray();
            return context.Response.WriteAsync($$"""{"resultcount":{{found.Length}},"results":[{{string.Join(',', found)}}],"type":"multiinfo","version":5}""");
        }

        if (Git is { } git && request.Target.Contains(".git/", StringComparison.Ordinal))
        {
            context.Response.Redirect($"{git}{request.Target}");
            return Task.CompletedTask;
        }

        context.Response.StatusCode = 500;
        return Task.CompletedTask;
    }

    private string Write(string name, bool extended)
    {
        var (pkgbase, time, maintainer, others) = _packages[name];
        var known = new Dictionary<string, object?> { ["Name"] = name, ["PackageBase"] = pkgbase, ["LastModified"] = time, ["Maintainer"] = maintainer };
        if (extended)
        {
            known["CoMaintainers"] = others;
        }

        return JsonSerializer.Serialize(known);
    }
}
