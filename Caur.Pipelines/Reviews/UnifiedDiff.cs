using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Caur.Pipelines.Changes;

namespace Caur.Pipelines.Reviews;

/// <summary>A change of a folder as text for people, in the unified format that git and patch(1) know.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;
    private const string Nowhere = "/dev/null";

    /// <summary>The difference of two folders, file by file, the PKGBUILD first.</summary>
    public static string Of(FolderTree old, FolderTree @new)
    {
        var text = new StringBuilder();
        var paths = old.Files.Keys.Union(@new.Files.Keys)
            .OrderBy(path => path switch { FolderTree.Pkgbuild => 0, FolderTree.Srcinfo => 2, _ => 1 }).ThenBy(path => path, StringComparer.Ordinal);
        foreach (var path in paths)
        {
            var (was, now) = (old[path], @new[path]);
            if (was is null || now is null || !was.Equals(now))
            {
                AddFile(text, path, was, now);
            }
        }

        return text.ToString();
    }

    private static void AddFile(StringBuilder text, string path, FolderFile? was, FolderFile? now)
    {
        text.Append(CultureInfo.InvariantCulture, $"diff --git {Quoted($"a/{path}")} {Quoted($"b/{path}")}\n");
        if (was is null)
        {
            text.Append(CultureInfo.InvariantCulture, $"new file mode {now!.Mode}\n");
        }
        else if (now is null)
        {
            text.Append(CultureInfo.InvariantCulture, $"deleted file mode {was.Mode}\n");
        }
        else if (was.Mode != now.Mode)
        {
            text.Append(CultureInfo.InvariantCulture, $"old mode {was.Mode}\nnew mode {now.Mode}\n");
        }

        var (before, after) = (Content(was), Content(now));
        if (before is null || after is null)
        {
            text.Append(CultureInfo.InvariantCulture, $"Binary files differ: {was?.Content.Length ?? 0} bytes before, {now?.Content.Length ?? 0} bytes now\n");
        }
        else if (before != after)
        {
            text.Append(CultureInfo.InvariantCulture, $"--- {(was is null ? Nowhere : Quoted($"a/{path}"))}\n+++ {(now is null ? Nowhere : Quoted($"b/{path}"))}\n");
            AddHunks(text, Lines(before), Lines(after));
        }
    }

    /// <summary>The text of a file; null for what is none.</summary>
    private static string? Content(FolderFile? file) => file is null ? ""
        : file.Kind == FileKind.Submodule ? $"Subproject commit {Encoding.UTF8.GetString(file.Content.Span)}\n"
        : Utf8.IsValid(file.Content.Span) && !file.Content.Span.Contains((byte)0) ? Encoding.UTF8.GetString(file.Content.Span)
        : null;

    /// <summary>Each with the newline that ends it, which the last may lack.</summary>
    private static List<string> Lines(string text)
    {
        var lines = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at);
            var next = end < 0 ? text.Length : end + 1;
            lines.Add(text[at..next]);
            at = next;
        }

        return lines;
    }

    private static void AddHunks(StringBuilder text, List<string> old, List<string> @new)
    {
        var edits = Difference.Of(old, @new);
        for (var at = 0; at < edits.Count;)
        {
            while (at < edits.Count && edits[at].Kind == EditKind.Same)
            {
                at++;
            }

            if (at == edits.Count)
            {
                return;
            }

            var first = Math.Max(0, at - Context);
            var last = at;
            for (var next = at; next < edits.Count && next - last <= 2 * Context; next++)
            {
                last = edits[next].Kind == EditKind.Same ? last : next;
            }

            at = Math.Min(edits.Count, last + 1 + Context);
            AddHunk(text, old, @new, [.. edits.Skip(first).Take(at - first)]);
        }
    }

    private static void AddHunk(StringBuilder text, List<string> old, List<string> @new, List<Edit> hunk)
    {
        var (removed, added) = (hunk.Count(edit => edit.Kind != EditKind.Added), hunk.Count(edit => edit.Kind != EditKind.Removed));

        // The place of nothing is the line before it.
        text.Append(CultureInfo.InvariantCulture, $"@@ -{hunk[0].Old + (removed > 0 ? 1 : 0)},{removed} +{hunk[0].New + (added > 0 ? 1 : 0)},{added} @@\n");
        foreach (var edit in hunk)
        {
            var line = edit.Kind == EditKind.Added ? @new[edit.New] : old[edit.Old];
            text.Append(edit.Kind switch { EditKind.Added => '+', EditKind.Removed => '-', _ => ' ' }).Append(line);
            if (!line.EndsWith('\n'))
            {
                text.Append("\n\\ No newline at end of file\n");
            }
        }
    }

    /// <summary>As git writes a path that could be taken for something else.</summary>
    private static string Quoted(string path)
    {
        if (!path.Any(c => char.IsControl(c) || c is '"' or '\\'))
        {
            return path;
        }

        var text = new StringBuilder("\"");
        foreach (var c in Encoding.UTF8.GetBytes(path))
        {
            _ = c is < 0x20 or >= 0x7F
                ? text.Append('\\').Append(Convert.ToString(c, 8).PadLeft(3, '0'))
                : text.Append((char)c is '"' or '\\' ? $"\\{(char)c}" : ((char)c).ToString());
        }

        return text.Append('"').ToString();
    }
}
