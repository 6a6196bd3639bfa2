using System.Text.RegularExpressions;

namespace Caur.Pipelines.Upstream;

/// <summary>
/// Sets version, commit and source in the text of a PKGBUILD or .SRCINFO without running it, as the templates' scripts do: in the lines that say
/// nothing else. Values from elsewhere are checked first, because a PKGBUILD is a shell script.
/// </summary>
internal static partial class PkgbuildText
{
    /// <summary>Whether a text can be a pkgver (PKGBUILD(5)) and is nothing to a shell: letters, digits, <c>.</c>, <c>_</c> and <c>+</c>.</summary>
    public static bool IsPkgver(string text) => text.Length is > 0 and <= 128 && Pkgver().IsMatch(text);

    /// <summary>Whether an address is nothing but itself to a shell.</summary>
    public static bool IsPlainUrl(string text) => text.Length is > 0 and <= 1000 && PlainUrl().IsMatch(text);

    /// <summary>A PKGBUILD of another tag: pkgver, pkgrel 1, <c>_commit</c>, and the first source that is an archive of the project.</summary>
    /// <returns>Null when no line of it sets pkgver.</returns>
    public static string? SetTag(string pkgbuild, GitlabTag tag)
    {
        var versioned = SetVersion(pkgbuild, tag.Name, $"_commit='{tag.Commit}'");
        return versioned is null ? null : ReplaceSource(versioned, tag.Archives, $"{tag.Archives}/${{_commit}}/{tag.Project}-${{_commit}}.tar.gz");
    }

    /// <summary>The same for a .SRCINFO.</summary>
    public static string SetTagOfSrcinfo(string srcinfo, GitlabTag tag)
    {
        var replaced = false;
        return SrcinfoField().Replace(srcinfo, field =>
        {
            var (start, key, value) = (field.Groups[1].Value, field.Groups[2].Value, field.Groups[3].Value);
            var name = NameOf(value);
            if (key == "source" && !replaced && value[name.Length..].StartsWith(tag.Archives, StringComparison.Ordinal))
            {
                replaced = true;
                return $"{start}source = {name}{tag.Archives}/{tag.Commit}/{tag.Project}-{tag.Commit}.tar.gz";
            }

            return key switch
            {
                "pkgver" => $"{start}pkgver = {tag.Name}",
                "pkgrel" => $"{start}pkgrel = 1",
                _ => field.Value,
            };
        });
    }

    /// <summary>A PKGBUILD of another version, as nvchecker found it: pkgver, pkgrel 1, the commit if it is known, and the old version wherever
    /// sources name it.</summary>
    /// <returns>Null when no line of it sets pkgver.</returns>
    public static string? SetNewer(string pkgbuild, string before, string version, string? revision)
    {
        var hasCommit = revision is not null && GitUpstream.IsObjectId(revision) && Commit().IsMatch(pkgbuild);
        var versioned = SetVersion(pkgbuild, version, hasCommit ? $"_commit='{revision}'" : null);
        if (versioned is null || before.Length == 0)
        {
            return versioned;
        }

        // Part of a longer number it is another version.
        var old = new Regex($@"(?<![0-9.]){Regex.Escape(before)}(?![0-9]|\.[0-9])", RegexOptions.CultureInvariant);
        var at = 0;
        while (ArrayOfSources().Match(versioned, at) is { Success: true } array)
        {
            var end = EndOfArray(versioned, array.Index + array.Length, out _);
            var text = old.Replace(versioned[array.Index..end], version);
            versioned = versioned[..array.Index] + text + versioned[end..];
            at = array.Index + text.Length;
        }

        return versioned;
    }

    /// <summary>The pkgver of a PKGBUILD that sets it in a line of its own; null when it cannot be told without running it.</summary>
    public static string? VersionOf(string pkgbuild) =>
        VersionLine().Match(pkgbuild) is { Success: true } line && line.Groups[1].Value.Trim().Trim('"', '\'') is var value && IsPkgver(value) ? value : null;

    private static string? SetVersion(string pkgbuild, string version, string? commit)
    {
        var lines = new List<string>();
        var (versions, releases, pending) = (0, 0, false);
        foreach (var line in pkgbuild.Split('\n'))
        {
            if (VersionLine().IsMatch(line) && versions++ == 0)
            {
                lines.Add($"pkgver={version}");
                pending = commit is not null;
            }
            else if (ReleaseLine().IsMatch(line) && releases++ == 0)
            {
                lines.Add("pkgrel=1");
            }
            else if (commit is null || !Commit().IsMatch(line))
            {
                if (pending)
                {
                    lines.Add(commit!);
                    pending = false;
                }

                lines.Add(line);
            }
        }

        return versions == 0 ? null : string.Join('\n', lines);
    }

    private static string ReplaceSource(string pkgbuild, string from, string to)
    {
        if (ArrayOfSources().Match(pkgbuild) is not { Success: true } array)
        {
            return pkgbuild;
        }

        EndOfArray(pkgbuild, array.Index + array.Length, out var words);
        foreach (var (start, end) in words)
        {
            var word = pkgbuild[start..end].Replace("\"", "", StringComparison.Ordinal).Replace("'", "", StringComparison.Ordinal);
            var name = NameOf(word);
            if (word[name.Length..].StartsWith(from, StringComparison.Ordinal))
            {
                return $"{pkgbuild[..start]}\"{name}{to}\"{pkgbuild[end..]}";
            }
        }

        return pkgbuild;
    }

    /// <summary>The <c>NAME::</c> under which a source is kept.</summary>
    private static string NameOf(string source) =>
        source.IndexOf("::", StringComparison.Ordinal) is var at and > 0 && source.IndexOf("://", StringComparison.Ordinal) > at ? source[..(at + 2)] : "";

    /// <summary>Goes through an array behind its opening bracket, and says where its words are.</summary>
    /// <returns>Where its closing bracket is, or the end of a text that has none.</returns>
    private static int EndOfArray(string text, int at, out List<(int Start, int End)> words)
    {
        words = [];
        var start = -1;
        for (; at < text.Length; at++)
        {
            var c = text[at];
            if (c is '\'' or '"')
            {
                start = start < 0 ? at : start;
                at = text.IndexOf(c, at + 1) is var close and >= 0 ? close : text.Length - 1;
            }
            else if (c == '#' && start < 0)
            {
                at = text.IndexOf('\n', at) is var line and >= 0 ? line : text.Length - 1;
            }
            else if (c == ')' || char.IsWhiteSpace(c))
            {
                if (start >= 0)
                {
                    words.Add((start, at));
                    start = -1;
                }

                if (c == ')')
                {
                    return at;
                }
            }
            else
            {
                start = start < 0 ? at : start;
            }
        }

        return text.Length;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._+]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pkgver();

    [GeneratedRegex(@"\Ahttps?://[A-Za-z0-9:/._~%+@-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex PlainUrl();

    [GeneratedRegex(@"^[ \t]*pkgver[ \t]*=(.*)$", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"^[ \t]*pkgrel[ \t]*=", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex ReleaseLine();

    [GeneratedRegex(@"^[ \t]*_commit[ \t]*=", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex Commit();

    [GeneratedRegex(@"^[ \t]*source(?:_[A-Za-z0-9_]+)?[ \t]*\+?=[ \t]*\(", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex ArrayOfSources();

    [GeneratedRegex(@"^([ \t]*)(pkgver|pkgrel|source) = (.*)$", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex SrcinfoField();
}
