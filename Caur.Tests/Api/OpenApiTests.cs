using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Tests.Api;

/// <summary>Every route that is mapped, whoever maps it, is described, with examples of its types (Caur.Api/Documentation/RouteDocs.cs).</summary>
public sealed class OpenApiTests : IAsyncLifetime
{
    private static readonly string[] Json = ["application/json", "application/problem+json"];

    private ApiHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _hub = await ApiHub.StartAsync();

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    /// <summary>What browsers ask for, and the description itself.</summary>
    private static readonly string?[] Pages = ["/", "/logs.html", "/web/{version}/{name}", "/openapi/v1.json"];

    [Fact]
    public async Task OpenApi_WhenAllRoutesAreWalked_DescribesEachWithExamplesOfItsTypes()
    {
        var document = JsonNode.Parse(await _hub.Http.GetStringAsync("/openapi/v1.json", Token))!;
        var options = _hub.Services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        var strict = new JsonSerializerOptions(options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };
        var endpoints = _hub.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        var problems = new List<string>();
        endpoints.Count.ShouldBeGreaterThan(40);
        foreach (var endpoint in endpoints.Where(endpoint => !Pages.Contains(endpoint.RoutePattern.RawText)))
        {
            var path = $"/{endpoint.RoutePattern.RawText!.Trim('/').Replace("{**", "{").Replace(":guid}", "}").Replace(":long}", "}").Replace(":nosource}", "}")}";
            foreach (var method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["(any method)"])
            {
                var route = $"{method} {path}";
                if (document["paths"]![path]?[method.ToLowerInvariant()] is not JsonObject operation)
                {
                    problems.Add($"{route} is not in the description");
                    continue;
                }

                problems.AddRange(Problems(endpoint, operation, strict).Select(problem => $"{route}: {problem}"));
            }
        }

        problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task OpenApi_WhenRoutesAreNamed_NamesNoneTwice()
    {
        var document = JsonNode.Parse(await _hub.Http.GetStringAsync("/openapi/v1.json", Token))!;

        var ids = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject())
            .Where(operation => operation.Key != "head")
            .Select(operation => operation.Value!["operationId"]?.GetValue<string>())
            .ToList();

        ids.ShouldAllBe(id => id != null);
        ids.GroupBy(id => id).Where(group => group.Count() > 1).Select(group => group.Key).ShouldBeEmpty();
    }

    private static IEnumerable<string> Problems(RouteEndpoint endpoint, JsonObject operation, JsonSerializerOptions json)
    {
        foreach (var what in new[] { "summary", "description", "operationId" })
        {
            if (operation[what]?.GetValue<string>() is not { Length: > 0 })
            {
                yield return $"no {what}";
            }
        }

        if (operation["tags"]?.AsArray() is not { Count: 1 })
        {
            yield return "not one tag";
        }

        var parameters = operation["parameters"]?.AsArray() ?? [];
        foreach (var parameter in parameters)
        {
            if (parameter!["description"]?.GetValue<string>() is not { Length: > 0 } || parameter["example"] is null)
            {
                yield return $"parameter {parameter["name"]} has no description or example";
            }
        }

        foreach (var part in endpoint.RoutePattern.Parameters.Where(part => !parameters.Any(parameter => parameter!["name"]!.GetValue<string>() == part.Name)))
        {
            yield return $"part {part.Name} of the path is no parameter";
        }

        if (endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is { RequestType: { } taken })
        {
            foreach (var problem in ExampleProblems(operation["requestBody"], taken, json))
            {
                yield return $"body: {problem}";
            }
        }

        var responses = operation["responses"]?.AsObject() ?? [];
        if (!responses.Any(response => response.Key[0] is '2' or '3'))
        {
            yield return "no good answer";
        }

        foreach (var (status, response) in responses)
        {
            if (response!["description"]?.GetValue<string>() is not { Length: > 0 })
            {
                yield return $"answer {status} has no description";
            }

            var type = endpoint.Metadata.OfType<IProducesResponseTypeMetadata>()
                .LastOrDefault(produced => $"{produced.StatusCode}" == status && produced.Type is not null)?.Type;
            foreach (var problem in type is null || type == typeof(void) ? [] : ExampleProblems(response, type, json))
            {
                yield return $"answer {status}: {problem}";
            }
        }
    }

    private static IEnumerable<string> ExampleProblems(JsonNode? body, Type type, JsonSerializerOptions json)
    {
        foreach (var (contentType, content) in body?["content"]?.AsObject() ?? [])
        {
            if (content!["example"] is not { } example)
            {
                yield return $"no example of {contentType}";
                continue;
            }

            if (!Json.Contains(contentType) || type == typeof(string))
            {
                continue;
            }

            object? read = null;
            var wrong = "";
            try
            {
                read = example.Deserialize(type, json);
            }
            catch (JsonException error)
            {
                wrong = error.Message;
            }

            if (read is null)
            {
                yield return $"the example is no {type.Name}: {wrong} {example.ToJsonString()}";
            }
            else if (!JsonNode.DeepEquals(JsonSerializer.SerializeToNode(read, type, json), example))
            {
                yield return $"the example of {type.Name} is read as something else";
            }
        }
    }
}
