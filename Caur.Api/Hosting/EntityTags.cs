using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Caur.Api.Hosting;

/// <summary>Conditional requests for bodies that are made for each answer: the tag is a hash of the body. It spares the way, not the work,
/// and is weak, because what lies in between may pack the body.</summary>
internal static class EntityTags
{
    /// <summary>Answers GET with an ETag, and with 304 when the client has that body already.</summary>
    public static TBuilder WithEntityTag<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.AddEndpointFilter(static async (context, next) =>
        {
            var result = await next(context);
            var value = result is INestedHttpResult nested ? nested.Result : result;
            if (value is not IValueHttpResult { Value: { } body } || value is not IStatusCodeHttpResult { StatusCode: null or StatusCodes.Status200OK })
            {
                return result;
            }

            var json = context.HttpContext.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
            return Answer(context.HttpContext, TaggedJson.Of(body, json));
        });

    /// <summary>Answers with what is there already.</summary>
    public static IResult Answer(HttpContext context, TaggedJson json)
    {
        var headers = context.Response.GetTypedHeaders();
        headers.ETag = json.Tag;
        headers.CacheControl = new CacheControlHeaderValue { NoCache = true };
        return context.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(json.Tag, useStrongComparison: false) || known.Equals(EntityTagHeaderValue.Any))
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Bytes(json.Bytes, "application/json; charset=utf-8");
    }
}

/// <summary>A body and the tag by which a client asks for it again.</summary>
internal sealed class TaggedJson
{
    private TaggedJson(byte[] bytes)
    {
        Bytes = bytes;
        Tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12))}\"", isWeak: true);
    }

    public ReadOnlyMemory<byte> Bytes { get; }

    public EntityTagHeaderValue Tag { get; }

    public static TaggedJson Of(byte[] body) => new(body);

    public static TaggedJson Of(object body, JsonSerializerOptions json) => new(JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), json));
}
