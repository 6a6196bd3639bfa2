using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Caur.Contracts.Ids;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace Caur.Api.Documentation;

/// <summary>The description of all routes at <c>/openapi/v1.json</c>.</summary>
internal static class OpenApiDocs
{
    public const string Document = "v1";

    public static IServiceCollection AddApiDescription(this IServiceCollection services) => services.AddOpenApi(Document, options =>
    {
        options.AddDocumentTransformer(static (document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Caur",
                Version = "v1",
                Description = "The gateway of a package build farm: queue, builds, builders, repositories, logs and events. "
                    + "Names are snake_case, times RFC 3339 in UTC, every refusal a problem (RFC 9457) whose detail says what is wrong.",
            };
            document.Servers = [];
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeAsync);
        options.AddSchemaTransformer(static (schema, context, _) =>
        {
            if (IdExample(context.JsonTypeInfo.Type) is { } example)
            {
                schema.Type = JsonSchemaType.String;
                schema.Examples = [example];
            }
            else if ((Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type) is { IsEnum: true } words && schema.Enum is not { Count: > 0 })
            {
                schema.Type = words == context.JsonTypeInfo.Type ? JsonSchemaType.String : JsonSchemaType.String | JsonSchemaType.Null;
                schema.Enum = [.. Enum.GetNames(words).Select(static word => (JsonNode)word)];
            }

            return Task.CompletedTask;
        });
    });

    /// <summary>Maps the description, which does not describe itself.</summary>
    public static void MapApiDescription(this IEndpointRouteBuilder app) => app.MapOpenApi($"/openapi/{Document}.json");

    private static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var json = context.ApplicationServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        foreach (var doc in metadata.OfType<ParameterDoc>())
        {
            Describe(operation, doc);
        }

        foreach (var example in metadata.OfType<BodyExample>())
        {
            if (example.Status is not { } status)
            {
                AddExample(operation.RequestBody?.Content, example.Value, json);
            }
            else if (operation.Responses?.GetValueOrDefault(status.ToString(CultureInfo.InvariantCulture)) is OpenApiResponse response)
            {
                response.Description = example.When;
                AddExample(response.Content, example.Value, json);
            }
        }

        return Task.CompletedTask;
    }

    private static void Describe(OpenApiOperation operation, ParameterDoc doc)
    {
        if (doc.IsFree)
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = doc.Name,
                In = doc.InHeader ? ParameterLocation.Header : ParameterLocation.Query,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                Description = doc.Description,
                Example = doc.Example,
            });
        }
        else if (operation.Parameters?.FirstOrDefault(parameter => parameter.Name == doc.Name) is OpenApiParameter parameter)
        {
            parameter.Description = doc.Description;
            parameter.Example = long.TryParse(doc.Example, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : doc.Example;
        }
    }

    private static void AddExample(IDictionary<string, OpenApiMediaType>? contents, object? value, JsonSerializerOptions json)
    {
        foreach (var content in contents?.Values ?? [])
        {
            content.Example ??= value is null ? null : JsonSerializer.SerializeToNode(value, value.GetType(), json);
        }
    }

    /// <summary>Ids are text, which their converters know and a schema does not.</summary>
    private static JsonNode? IdExample(Type type) =>
        type == typeof(BuildId) || type == typeof(BuildId?) ? "chaotic-aur/x86_64/guile1.8/1795249937633"
        : type == typeof(BuilderId) || type == typeof(BuilderId?) ? "stormwing/0"
        : type == typeof(TargetId) ? "chaotic-aur/x86_64"
        : type == typeof(PackageKey) ? "chaotic-aur/x86_64/guile1.8"
        : null;
}
