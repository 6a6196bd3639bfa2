using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Audit;

/// <summary>On an endpoint: one write comes in many requests. The audit log has a line of each that is refused, and one of the whole.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
internal sealed class PieceOfWriteAttribute : Attribute;

/// <summary>What a request of many is a piece of; the endpoint says it.</summary>
/// <param name="Target">The target repository.</param>
/// <param name="What">For the line of the audit log.</param>
internal sealed record PieceOfWrite(string Target, JsonElement What)
{
    /// <summary>What became of the whole, with the last piece; null before.</summary>
    public string? Outcome { get; set; }

    /// <summary>What is done goes on without the request, and whoever does it writes the line.</summary>
    public bool IsWrittenElsewhere { get; set; }

    /// <summary>Tells the audit log.</summary>
    public static PieceOfWrite Of<T>(HttpContext context, string target, T what)
    {
        var piece = new PieceOfWrite(target, JsonSerializer.SerializeToElement(what));
        context.Features.Set(piece);
        return piece;
    }
}
