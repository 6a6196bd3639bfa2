using System.Text.Json;

namespace Caur.Silo.Configuration;

/// <summary>A value of JSON that knows where it stands.</summary>
/// <param name="Name">The key it has in the object around it; empty elsewhere.</param>
/// <param name="Place">Where it begins.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Text">A string's content, or the value as it was written.</param>
/// <param name="Children">The members of an object, the items of an array.</param>
internal sealed record ConfigurationNode(
    string Name, ConfigurationPlace Place, JsonValueKind Kind, string Text, IReadOnlyList<ConfigurationNode> Children)
{
    /// <summary>What it is, for people.</summary>
    public string KindText => Kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}
