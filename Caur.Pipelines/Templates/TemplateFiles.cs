using Caur.Pipelines.Changes;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Upstream;
using TreeFile = Caur.Pipelines.Upstream.TreeFile;
using TreeFileKind = Caur.Pipelines.Upstream.TreeFileKind;

namespace Caur.Pipelines.Templates;

/// <summary>Which files of a repository follow its template: those that the template's <c>.ci/template</c> lists, one path a line, <c>#</c> for
/// comments. A template without that file was made for other programs than this one, and nothing of it is taken.</summary>
internal static class TemplateFiles
{
    /// <summary>The list.</summary>
    public const string List = ".ci/template";

    private const int MostFiles = 100;

    /// <summary>What belongs to the repository, whatever a template says.</summary>
    private static readonly string[] Own = [".ci/config", ".ci/aur-maintainers", ".ci/aur-state"];

    /// <summary>The listed paths.</summary>
    public static Answer<IReadOnlyList<string>> Listed(FileTree template)
    {
        if (template.Text(List) is not { } text)
        {
            return Answer<IReadOnlyList<string>>.Refused(
                $"it has no {List}, so it is no template of these CI files and nothing of it is taken: set TEMPLATE_ENABLE_UPDATES=false, or another TEMPLATE_REPO");
        }

        var paths = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(line => line[0] != '#').Distinct(StringComparer.Ordinal).ToList();
        return paths.Count > MostFiles ? Answer<IReadOnlyList<string>>.Refused($"its {List} lists more than {MostFiles} files")
            : paths.Select(path => Fault(template, path)).FirstOrDefault(fault => fault is not null) is { } wrong ? Answer<IReadOnlyList<string>>.Refused(wrong)
            : Answer<IReadOnlyList<string>>.Of(paths);
    }

    /// <summary>What the repository is to have instead.</summary>
    /// <param name="template">The template.</param>
    /// <param name="listed">Its paths.</param>
    /// <param name="ours">Those of them that the repository has. What it has removed stays removed, with one exception: a file that is new in a folder
    /// of which it has others.</param>
    public static FolderTree Wanted(FileTree template, IReadOnlyList<string> listed, FolderTree ours)
    {
        var folders = ours.Files.Keys.Select(FolderOf).ToHashSet(StringComparer.Ordinal);
        return new(ours.Files.Where(file => !listed.Contains(file.Key)).Concat(
            listed.Where(path => ours[path] is not null || (FolderOf(path).Length > 0 && folders.Contains(FolderOf(path))))
                .Select(path => KeyValuePair.Create(path, Of(template.Find(path)!)))));
    }

    private static FolderFile Of(TreeFile file) => new(file.Kind == TreeFileKind.Executable ? FileKind.Executable : FileKind.File, file.Bytes);

    private static string FolderOf(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";

    /// <summary>Packages are none of a template's business, nor is what a repository says of itself.</summary>
    private static string? Fault(FileTree template, string path) =>
        path[0] != '.' || !FileTree.IsSafe(path) || Own.Contains(path, StringComparer.Ordinal) ? $"its {List} lists {Shown.Short(path, 80)}, which no template may change"
        : template.Find(path) is not { Kind: not TreeFileKind.Link } ? $"its {List} lists {Shown.Short(path, 80)}, which it does not have as a file"
        : null;
}
