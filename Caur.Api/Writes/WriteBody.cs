using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Caur.Storage.Files;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Caur.Api.Writes;

/// <summary>The body of a write, read once before anything is done: what is truncated, too large or too slow changes nothing.</summary>
/// <param name="Length">In bytes.</param>
/// <param name="Sha256">Of its bytes.</param>
/// <param name="Json">What it says, where it is JSON.</param>
internal sealed record WriteBody(long Length, string Sha256, JsonElement? Json)
{
    /// <summary>The deepest JSON that is read, here and by the routes.</summary>
    public const int MaxJsonDepth = 32;

    /// <summary>What is kept in memory; more goes to a temporary file.</summary>
    private const int InMemory = 1 << 20;

    private const int PieceBytes = 64 * 1024;

    /// <summary>Reads the body and sets it back to its begin.</summary>
    /// <exception cref="BadHttpRequestException">It is truncated, too large or too slow.</exception>
    public static async Task<WriteBody> ReadAsync(HttpContext context, TimeSpan limit, TimeProvider clock)
    {
        var request = context.Request;
        if (MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.Charset.HasValue && type.Encoding is null)
        {
            throw new BadHttpRequestException("the charset is not known", StatusCodes.Status415UnsupportedMediaType);
        }

        request.EnableBuffering(InMemory);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var timer = new CancellationTokenSource(limit, clock);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, timer.Token);
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        long length = 0;
        try
        {
            int read;
            while ((read = await request.Body.ReadAsync(buffer, end.Token)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                length += read;
            }
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            context.Response.Headers.Connection = "close";
            throw new BadHttpRequestException(
                $"the body did not come within {limit.TotalSeconds:0} seconds", StatusCodes.Status408RequestTimeout);
        }
        catch (IOException broken) when (broken is not BadHttpRequestException && !DiskSpace.IsFull(broken))
        {
            // As for the size of a chunk that no number holds.
            throw new BadHttpRequestException("the body cannot be read: it breaks off, or its chunks are none", broken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        request.Body.Position = 0;
        var json = request.HasJsonContentType() && length > 0 ? await ParseAsync(request.Body, end.Token) : null;
        request.Body.Position = 0;
        return new WriteBody(length, Convert.ToHexStringLower(hash.GetHashAndReset()), json);
    }

    /// <summary>What is no JSON is for the route to refuse, which can say what it wants.</summary>
    private static async Task<JsonElement?> ParseAsync(Stream body, CancellationToken cancellationToken)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(body, new JsonDocumentOptions { MaxDepth = MaxJsonDepth }, cancellationToken);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
