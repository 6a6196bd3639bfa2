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
            var bytes = JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), json);
            return Answer(context.HttpContext, bytes);
        });

    /// <summary>Answers with bytes that are there already.</summary>
    public static IResult Answer(HttpContext context, ReadOnlyMemory<byte> json)
    {
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(json.Span).AsSpan(0, 12))}\"", isWeak: true);
        var headers = context.Response.GetTypedHeaders();
        headers.ETag = tag;
        headers.CacheControl = new CacheControlHeaderValue { NoCache = true };
        return context.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false) || known.Equals(EntityTagHeaderValue.Any))
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Bytes(json.ToArray(), "application/json; charset=utf-8");
    }
}
