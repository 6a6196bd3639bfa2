using System.Text.RegularExpressions;

namespace Caur.Storage.Files;

/// <summary>Says what a folder of the hub's machine is for in the place of where it is, which is nobody's business but an admin's.</summary>
/// <param name="folders">The farm's folders.</param>
public sealed class FolderNames(DataFolders folders)
{
    /// <summary>The longest first: a part of the data folder need not be in it.</summary>
    private readonly (Regex Path, string Name)[] _known =
    [
        .. new[]
        {
            (folders.Root, "the data folder"), (folders.Database, "the state's file"), (folders.Landing, "the landing zone"),
            (folders.Repositories, "the repositories' folder"), (folders.Archive, "the archive"), (folders.Logs, "the logs' folder"),
            (folders.Sources, "the clones' folder"), (folders.Keys, "the keys' folder"),
        }
            .Where(known => known.Item1.Length > 1)
            .OrderByDescending(known => known.Item1.Length)
            .Select(known => (Whole(known.Item1), known.Item2)),
    ];

    /// <summary>The text with a name in the place of each path.</summary>
    public string In(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Contains('/', StringComparison.Ordinal) ? _known.Aggregate(text, (shown, known) => known.Path.Replace(shown, known.Name)) : text;
    }

    /// <summary>A path that is no part of a longer name: what is below it is left behind the name.</summary>
    private static Regex Whole(string path) => new($@"(?<![\w.-]){Regex.Escape(path)}(?![\w-])", RegexOptions.CultureInvariant);
}
