using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Caur.Builder.Engines;

/// <summary>A small client of the Docker Engine API, which podman speaks too. Every failure is an <see cref="EngineException"/>.</summary>
internal sealed partial class EngineClient : IDisposable
{
    /// <summary>What this client was written against; an engine that still knows it is spoken to in it, so that answers do not change
    /// under an upgrade of the engine.</summary>
    private static readonly Version Spoken = new(1, 41);

    private readonly EngineEndpoint _endpoint;
    private readonly HttpClient _http;
    private readonly TimeSpan _callTimeout;
    private readonly TimeProvider _time;
    private volatile EngineVersion? _version;
    private volatile string? _prefix;

    public EngineClient(EngineOptions options, TimeProvider time)
    {
        _time = time;
        _callTimeout = options.CallTimeout;
        _endpoint = EngineEndpoint.TryParse(options.Address, out var problem) ?? throw new ArgumentException(problem, nameof(options));
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellationToken) => _endpoint.ConnectAsync(cancellationToken),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,

            // An engine that restarts leaves dead connections behind; a short life keeps calls from meeting them.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
        })
        {
            BaseAddress = new Uri("http://engine/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Where the engine is, for messages.</summary>
    public string Address => _endpoint.Text;

    public void Dispose() => _http.Dispose();

    /// <summary>The engine's version, asked for once. Refused when the engine is older than API 1.41.</summary>
    public async Task<EngineVersion> VersionAsync(CancellationToken cancellationToken)
    {
        if (_version is { } known)
        {
            return known;
        }

        using var answer = await CallAsync(HttpMethod.Get, "version", null, EngineFailure.Refused, cancellationToken, versioned: false);
        var version = await ReadAsync(answer, EngineJsonContext.Default.EngineVersion, cancellationToken);
        if (!Version.TryParse(version.ApiVersion, out var newest) || newest < Spoken)
        {
            throw new EngineException(EngineFailure.Refused, $"The container engine at {Address} speaks API {version.ApiVersion}; {Spoken} or later is needed.");
        }

        var speak = Version.TryParse(version.MinAPIVersion, out var oldest) && oldest > Spoken ? oldest : Spoken;
        _prefix = $"v{speak}/";
        _version = version;
        return version;
    }

    /// <summary>Returns when the engine answers.</summary>
    public async Task PingAsync(CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(HttpMethod.Get, "_ping", null, EngineFailure.Refused, cancellationToken, versioned: false);
    }

    private async Task<HttpResponseMessage> CallAsync(
        HttpMethod method, string path, HttpContent? content, EngineFailure onNotFound, CancellationToken cancellationToken,
        bool versioned = true, bool unlimited = false)
    {
        if (versioned && _prefix is null)
        {
            await VersionAsync(cancellationToken);
        }

        using var limit = new CancellationTokenSource(unlimited ? Timeout.InfiniteTimeSpan : _callTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        using var request = new HttpRequestMessage(method, versioned ? _prefix + path : path) { Content = content };
        HttpResponseMessage? answer = null;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token);
            if (answer.IsSuccessStatusCode || answer.StatusCode is HttpStatusCode.NotModified or HttpStatusCode.SwitchingProtocols)
            {
                return answer;
            }

            var said = await SaidAsync(answer, linked.Token);
            var status = answer.StatusCode;
            answer.Dispose();
            throw new EngineException(FailureOf(status, said, onNotFound), $"The container engine said: {said}");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            answer?.Dispose();
            throw Unreachable(error);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            answer?.Dispose();
            throw new EngineException(EngineFailure.Unreachable, $"The container engine at {Address} did not answer within {_callTimeout}.");
        }
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage answer, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await answer.Content.ReadFromJsonAsync(type, cancellationToken)
                ?? throw new EngineException(EngineFailure.Refused, $"The container engine at {Address} answered nothing.");
        }
        catch (JsonException error)
        {
            throw new EngineException(EngineFailure.Refused, $"The container engine at {Address} answered what is no JSON: {error.Message}", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Unreachable(error);
        }
    }

    private static EngineFailure FailureOf(HttpStatusCode status, string said, EngineFailure onNotFound) => status switch
    {
        HttpStatusCode.NotFound when said.Contains("no such image", StringComparison.OrdinalIgnoreCase) => EngineFailure.ImageNotFound,
        HttpStatusCode.NotFound => onNotFound,
        HttpStatusCode.Conflict when said.Contains("already in use", StringComparison.OrdinalIgnoreCase) => EngineFailure.NameConflict,
        _ => EngineFailure.Refused,
    };

    private static async Task<string> SaidAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            return JsonSerializer.Deserialize(text, EngineJsonContext.Default.EngineMessage)?.Message ?? text;
        }
        catch (JsonException)
        {
            return text.Length > 0 ? text : $"{(int)answer.StatusCode} {answer.ReasonPhrase}";
        }
    }

    private EngineException Unreachable(Exception error) => new(
        EngineFailure.Unreachable,
        $"No container engine answers at {Address}: {error.GetBaseException().Message}. Is it running, and may this user open its socket? "
            + "DOCKER_HOST, or CONTAINER_ENGINE=podman with DOCKER_SOCKET, names another one.",
        error);
}
