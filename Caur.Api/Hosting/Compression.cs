using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Api.Hosting;

/// <summary>Compresses what is text: JSON, pages, metrics. Not what is compressed already (packages, databases), what is asked for by ranges,
/// and what goes on live, which must not wait for a block to fill.</summary>
internal static class Compression
{
    private static readonly string[] Types =
    [
        "application/json", "application/problem+json", "application/javascript", "application/openmetrics-text", "application/xml",
        "application/yaml", "image/svg+xml", "text/css", "text/html", "text/javascript", "text/markdown", "text/plain", "text/xml", "text/yaml",
    ];

    public static IServiceCollection AddCompression(this IServiceCollection services)
    {
        services.AddResponseCompression(compression =>
        {
            // No cookie is ever sent, and what a token opens is not mixed with what others write: there is nothing to guess (BREACH).
            compression.EnableForHttps = true;
            compression.Providers.Add<BrotliCompressionProvider>();
            compression.Providers.Add<GzipCompressionProvider>();
            compression.MimeTypes = Types;
        });

        // Made anew for every answer: what the fastest level leaves is not worth the processor's time.
        services.Configure<BrotliCompressionProviderOptions>(brotli => brotli.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(gzip => gzip.Level = CompressionLevel.Fastest);
        services.AddSingleton<IResponseCompressionProvider, TextCompression>();
        return services;
    }

    private sealed class TextCompression(IServiceProvider services, IOptions<ResponseCompressionOptions> options)
        : ResponseCompressionProvider(services, options)
    {
        public override bool ShouldCompressResponse(HttpContext context)
        {
            var response = context.Response;
            return !context.Request.Headers.ContainsKey("Range")
                && response.StatusCode != StatusCodes.Status206PartialContent
                && !response.Headers.ContainsKey("Content-Range")
                && !LiveStreams.IsLive(response)
                && base.ShouldCompressResponse(context);
        }
    }
}
