using Caur.Tests.Support;

namespace Caur.Tests.Mirrors;

/// <summary>What docs/publication.md tells people to copy.</summary>
internal static class Recipe
{
    /// <summary>The code block of that language that says this.</summary>
    public static async Task<string> ReadAsync(string language, string says)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs", "publication.md"));
        return text.Split($"```{language}\n").Skip(1).Select(block => block.Split("```")[0]).Single(block => block.Contains(says, StringComparison.Ordinal));
    }

    /// <summary>Replaces what the reader is told to replace.</summary>
    /// <exception cref="ShouldAssertException">It does not stand there.</exception>
    public static string With(this string recipe, string old, string now)
    {
        recipe.ShouldContain(old);
        return recipe.Replace(old, now, StringComparison.Ordinal);
    }
}
