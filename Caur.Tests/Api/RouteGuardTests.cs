using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Caur.Api.Auth;
using Caur.Api.Hosting;
using Caur.Api.Writes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Api;

/// <summary>Who gets through, on every route that there is: one that somebody adds is asked too.</summary>
public sealed partial class RouteGuardTests : IAsyncLifetime
{
    /// <summary>What every write that takes a body can read, as far as asking who may goes.</summary>
    private static readonly object Body = new
    {
        source_repo = ApiHub.Source,
        target_repo = ApiHub.Target.Name,
        pkgbase = "a",
        all = true,
        names = new[] { "a" },
        role = nameof(TokenRole.Ci),
    };

    private ApiHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _hub = await ApiHub.StartAsync(more: services => services.Configure<ReadingOptions>(options => options.Reading = Reading.Private));

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task EveryWrite_WithATokenThatIsNotForIt_IsRefusedBeforeAnythingIsDone()
    {
        var writes = Routes().Where(route => WriteRequests.IsWrite(route.Method)).ToList();

        // They want no token, and are guarded where they are tested themselves.
        writes.RemoveAll(route => route.Endpoint.Metadata.GetMetadata<SignedWriteAttribute>() is not null).ShouldBe(1);
        writes.Count.ShouldBeGreaterThan(15);
        var clients = new List<(string Who, HttpClient Client, HttpStatusCode Status)>
        {
            ("nobody", new HttpClient { BaseAddress = _hub.Url }, HttpStatusCode.Unauthorized),
            ("a reader", await ClientAsync(TokenRole.Reader), HttpStatusCode.Forbidden),
            ("a builder", await ClientAsync(TokenRole.Builder), HttpStatusCode.Forbidden),
            ("a pipeline of another repository", await ClientAsync(TokenRole.Ci, "elsewhere"), HttpStatusCode.Forbidden),
            ("a pipeline of another architecture", await ClientAsync(TokenRole.Ci, $"{ApiHub.Target.Name}/riscv64"), HttpStatusCode.Forbidden),
        };
        var problems = new List<string>();

        foreach (var (method, path, endpoint) in writes)
        {
            if (endpoint.Metadata.GetMetadata<IAuthorizeData>()?.Policy is null)
            {
                problems.Add($"{method} {path} names no policy");
            }

            foreach (var (who, client, status) in clients)
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = JsonContent.Create(BodyFor(endpoint)) };
                using var answer = await client.SendAsync(request, Token);
                if (answer.StatusCode != status)
                {
                    problems.Add($"{method} {path} answers {who} with {(int)answer.StatusCode}");
                }
            }
        }

        clients.ForEach(one => one.Client.Dispose());
        problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task EveryWriteOfV1_WithAMemberThatItDoesNotTake_IsRefusedForThat()
    {
        var takers = Routes().Where(route => WriteRequests.IsWrite(route.Method) && route.Path.StartsWith("/api/v1/", StringComparison.Ordinal)
            && route.Endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is not null).ToList();
        takers.Count.ShouldBeGreaterThan(7);
        var problems = new List<string>();

        foreach (var (method, path, endpoint) in takers)
        {
            var body = BodyFor(endpoint);
            foreach (var mistyped in body.Keys.Select(member => $"{member}_").Append("mistyped"))
            {
                // In place of the one that was meant where there is one, and behind all others.
                var sent = body.Where(member => mistyped != $"{member.Key}_").Append(new(mistyped, JsonSerializer.SerializeToElement("a"))).ToDictionary();
                using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = JsonContent.Create(sent) };
                using var answer = await _hub.Admin.SendAsync(request, Token);
                var said = await answer.Content.ReadAsStringAsync(Token);
                if (answer.StatusCode != HttpStatusCode.BadRequest || !said.Contains($"'{mistyped}' is nothing that this takes; nothing was done", StringComparison.Ordinal))
                {
                    problems.Add($"{method} {path} answers {mistyped} with {(int)answer.StatusCode}: {said}");
                }
            }
        }

        problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task EveryRead_WhenReadingIsPrivate_WantsATokenExceptProbesAndPages()
    {
        var open = new List<string>();
        foreach (var (method, path, _) in Routes().Where(route => !WriteRequests.IsWrite(route.Method)))
        {
            // Under the manual's folder for logs too.
            foreach (var asked in new[] { path, $"/logs{path}" })
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), asked);
                using var answer = await _hub.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
                if (answer.StatusCode != HttpStatusCode.Unauthorized && !IsPublic(path))
                {
                    open.Add($"{method} {asked}: {(int)answer.StatusCode}");
                }
            }
        }

        open.ShouldBeEmpty();
    }

    /// <summary>What a route's body takes of it: one with another member is refused for that.</summary>
    private static Dictionary<string, JsonElement> BodyFor(RouteEndpoint endpoint)
    {
        var takes = endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType?.GetProperties().Select(member => ApiNames.Policy.ConvertName(member.Name)).ToList();
        return JsonSerializer.SerializeToElement(Body).EnumerateObject()
            .Where(member => takes is null || takes.Contains(member.Name))
            .ToDictionary(member => member.Name, member => member.Value);
    }

    private IEnumerable<(string Method, string Path, RouteEndpoint Endpoint)> Routes() =>
        from endpoint in _hub.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]
        select (method, Parameter().Replace($"/{endpoint.RoutePattern.RawText!.Trim('/')}", Value), endpoint);

    /// <summary>Probes, and the pages, which hold nothing of the farm and ask for a token themselves.</summary>
    private static bool IsPublic(string path) =>
        path is "/" or "/logs.html" || path.StartsWith("/health/", StringComparison.Ordinal) || path.StartsWith("/web/", StringComparison.Ordinal);

    private static string Value(Match parameter) => parameter.Groups["name"].Value switch
    {
        "target" => ApiHub.Target.Name,
        "arch" => ApiHub.Target.Arch,
        "name" => ApiHub.Target.Name,
        "timestamp" or "run" => "1",
        "operation" => Guid.Empty.ToString(),
        "documentName" => "v1",
        "id" => Uri.EscapeDataString($"{ApiHub.Target}/a/1"),
        _ => "a",
    };

    private async Task<HttpClient> ClientAsync(TokenRole role, params string[] targets)
    {
        var (_, token) = await _hub.Services.GetRequiredService<TokenStore>().CreateAsync(
            new TokenOrder { Role = role, Name = "b1", Targets = targets }, CancellationToken.None);
        var client = new HttpClient { BaseAddress = _hub.Url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    [GeneratedRegex(@"\{\**(?<name>\w+)[^}]*\}")]
    private static partial Regex Parameter();
}
