using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Caur.Api.Repositories;

/// <summary>Sends a repository's file, with ranges and conditional requests. Old files are removed while others are asked for: one that was there a
/// moment ago and is gone now is answered as one that was never there.</summary>
/// <param name="path">The file.</param>
internal sealed class RepositoryFileResult(string path) : IResult
{
    /// <summary>What is said of a file that is not there.</summary>
    public const string Missing = "the repository has no such file: what it has stands in its database";

    private static readonly TimeSpan Unchanging = TimeSpan.FromDays(365);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        try
        {
            var info = new FileInfo(path);
            var file = TypedResults.PhysicalFile(
                path,
                "application/octet-stream",
                lastModified: info.LastWriteTimeUtc,
                entityTag: new EntityTagHeaderValue($"\"{info.LastWriteTimeUtc.Ticks:x}-{info.Length:x}\""),
                enableRangeProcessing: true);
            httpContext.Response.GetTypedHeaders().CacheControl = new CacheControlHeaderValue { Public = true, MaxAge = Unchanging };
            await file.ExecuteAsync(httpContext);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException && !httpContext.Response.HasStarted)
        {
            throw new BadHttpRequestException(Missing, StatusCodes.Status404NotFound, gone);
        }
    }
}
