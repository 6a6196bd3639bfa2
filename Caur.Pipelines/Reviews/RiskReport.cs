using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Caur.Pacman;
using Caur.Pipelines.Changes;

namespace Caur.Pipelines.Reviews;

/// <summary>
/// What a change of a package folder means in risk, for a person who decides. It looks and never runs anything; it helps to see, and finds
/// no attack that is made well. Of what was there before, nothing is said.
/// </summary>
internal sealed class RiskReport
{
    private const int MostWords = 300;
    private const int LargestText = 4 << 20;

    private static readonly string[] Dependencies = ["depends", "makedepends", "checkdepends", "optdepends"];
    private static readonly string[] Claims = ["provides", "conflicts", "replaces"];

    private readonly FolderTree _old;
    private readonly FolderTree _new;
    private readonly PackageFacts _before;
    private readonly PackageFacts _after;
    private readonly List<RiskFinding> _findings = [];

    private RiskReport(FolderTree old, FolderTree @new)
    {
        (_old, _new) = (old.Where(ChangeJudge.IsOfUpstream), @new.Where(ChangeJudge.IsOfUpstream));
        (_before, _after) = (PackageFacts.Of(_old.Text(FolderTree.Pkgbuild) ?? ""), PackageFacts.Of(_new.Text(FolderTree.Pkgbuild) ?? ""));
    }

    /// <summary>What a change does, the gravest first.</summary>
    /// <param name="old">What is on main.</param>
    /// <param name="new">What shall be there.</param>
    /// <param name="knownMaintainers">Who kept the package when it was last taken over; null when that is not known.</param>
    /// <param name="maintainers">Who keeps it now; null when that is not known.</param>
    public static IReadOnlyList<RiskFinding> Of(
        FolderTree old, FolderTree @new, IReadOnlyCollection<string>? knownMaintainers = null, IReadOnlyCollection<string>? maintainers = null)
    {
        var report = new RiskReport(old, @new);
        report.LookAtMaintainers(knownMaintainers, maintainers);
        report.LookAtReadability();
        report.LookAtSources();
        report.LookAtSums();
        report.LookAtFunctions();
        report.LookAtCode(FolderTree.Pkgbuild, report._before.Script, report._after.Script, isInstall: false);
        report.LookAtSettings();
        report.LookAtFiles();
        return [.. report._findings.Distinct().OrderByDescending(finding => finding.Level)];
    }

    private void Add(RiskLevel level, string what, string? words = null, string? path = null, int? line = null) =>
        _findings.Add(new RiskFinding(level, what, words is { Length: > MostWords } ? $"{words[..MostWords]}..." : words, path, line));

    private void LookAtMaintainers(IReadOnlyCollection<string>? known, IReadOnlyCollection<string>? now)
    {
        if (known is not null && now is not null)
        {
            foreach (var name in now.Except(known, StringComparer.OrdinalIgnoreCase))
            {
                Add(RiskLevel.Alarm, "Somebody new keeps the package in the AUR", name);
            }

            foreach (var name in known.Except(now, StringComparer.OrdinalIgnoreCase))
            {
                Add(RiskLevel.Look, "Somebody no longer keeps the package in the AUR", name);
            }
        }

        var (before, after) = (Credits(_before), Credits(_after));
        foreach (var (text, line) in after.Where(credit => before.All(old => old.Text != credit.Text)))
        {
            Add(RiskLevel.Look, "The PKGBUILD names another maintainer", text, FolderTree.Pkgbuild, line);
        }
    }

    private static List<(string Text, int Line)> Credits(PackageFacts facts) =>
    [
        .. (facts.Script?.Pieces ?? []).Where(piece => piece.IsComment && piece.Text.Contains("maintainer", StringComparison.OrdinalIgnoreCase))
            .Select(piece => (piece.Text, piece.Line)),
    ];

    private void LookAtReadability()
    {
        if (_after.Script is null)
        {
            Add(RiskLevel.Alarm, $"The PKGBUILD cannot be read as a shell script with certainty, so what is in it is not told here ({_after.Problem})", path: FolderTree.Pkgbuild);
        }
    }

    private void LookAtSources()
    {
        var known = _before.Sources;
        var hosts = known.Select(source => source.Host).ToHashSet(StringComparer.Ordinal);
        var texts = known.Select(source => Shape(source.Text, _before)).ToHashSet(StringComparer.Ordinal);
        foreach (var source in _after.Sources)
        {
            var isKnown = texts.Contains(Shape(source.Text, _after));
            if (!isKnown)
            {
                Add(RiskLevel.Look, source.Host.Length == 0 ? "A new source" : "A new source from the network", source.Text, FolderTree.Pkgbuild, source.Line);
            }

            if (source.Host.Length > 0 && !hosts.Contains(source.Host))
            {
                Add(RiskLevel.Alarm, "A host that no source came from before", source.Host, FolderTree.Pkgbuild, source.Line);
            }

            if (source.IsOpen && known.All(old => !old.IsOpen || old.Host != source.Host))
            {
                Add(RiskLevel.Alarm, "A source comes over a protocol that anybody on the way can change", source.Text, FolderTree.Pkgbuild, source.Line);
            }

            if (!source.IsPinned && !isKnown && known.Any(old => old.Host == source.Host && old.IsVcs && old.IsPinned))
            {
                Add(RiskLevel.Look, "A repository was pinned to a commit or tag and is no longer", source.Text, FolderTree.Pkgbuild, source.Line);
            }
        }

        foreach (var gone in known.Where(old => _after.Sources.All(source => Shape(source.Text, _after) != Shape(old.Text, _before))))
        {
            Add(RiskLevel.Note, "A source is gone", gone.Text);
        }
    }

    /// <summary>A source without the version that stands in it.</summary>
    private static string Shape(string text, PackageFacts facts)
    {
        foreach (var name in (string[])["pkgver", "_pkgver", "_commit", "_tag"])
        {
            if (facts[name] is { Length: > 1 } value)
            {
                text = text.Replace(value, $"${name}", StringComparison.Ordinal);
            }
        }

        return text;
    }

    private void LookAtSums()
    {
        foreach (var array in _after.SumArrays)
        {
            var (was, now) = (Skips(_before, array), Skips(_after, array));
            if (now > was)
            {
                var line = _after.Array(array).First(sum => sum.Value == "SKIP").Line;
                var plain = _after.Sources.Count(source => !source.IsVcs);
                Add(plain > 0 && now > _after.Sources.Count - plain ? RiskLevel.Alarm : RiskLevel.Look, "More checksums are skipped than before", array, FolderTree.Pkgbuild, line);
            }
        }

        var (oldKinds, newKinds) = (Kinds(_before), Kinds(_after));
        if (oldKinds.Count > 0 && newKinds.Count == 0 && _after.Script is not null && _after.Sources.Count > 0)
        {
            Add(RiskLevel.Alarm, "There are no checksums any more", path: FolderTree.Pkgbuild);
        }
        else if (oldKinds.Count > 0 && newKinds.Count > 0 && newKinds.Max() < oldKinds.Max())
        {
            Add(RiskLevel.Look, "The checksums are of a weaker kind", string.Join(", ", _after.SumArrays), FolderTree.Pkgbuild);
        }

        foreach (var key in _before.Array("validpgpkeys").Where(key => _after.Array("validpgpkeys").All(now => now.Value != key.Value)))
        {
            Add(RiskLevel.Look, "A key that signed the sources is gone", key.Value);
        }

        foreach (var key in _after.Array("validpgpkeys").Where(key => _before.Array("validpgpkeys").All(old => old.Value != key.Value)))
        {
            Add(RiskLevel.Look, "Another key may sign the sources", key.Value, FolderTree.Pkgbuild, key.Line);
        }

        static int Skips(PackageFacts facts, string array) => facts.Array(array).Count(sum => sum.Name == array && sum.Value == "SKIP");

        static List<int> Kinds(PackageFacts facts) =>
            [.. facts.SumArrays.Where(array => facts.Array(array).Any(sum => sum.Value != "SKIP")).Select(array => ChangeRules.DigestLength(array)!.Value)];
    }

    private void LookAtFunctions()
    {
        if (_before.Script is not { } old || _after.Script is not { } @new)
        {
            return;
        }

        foreach (var name in @new.Functions.Keys.Order(StringComparer.Ordinal))
        {
            var body = @new.Body(name).ToList();
            if (!old.Functions.ContainsKey(name))
            {
                Add(RiskLevel.Look, "A new function", $"{name}()", FolderTree.Pkgbuild, body.FirstOrDefault()?.Line);
            }
            else if (Counted([.. old.Body(name)], body) is { Length: > 0 } counted)
            {
                Add(RiskLevel.Look, $"A function changed ({counted})", $"{name}()", FolderTree.Pkgbuild, body.FirstOrDefault()?.Line);
            }
        }

        foreach (var name in old.Functions.Keys.Except(@new.Functions.Keys, StringComparer.Ordinal))
        {
            Add(name is "check" or "verify" ? RiskLevel.Look : RiskLevel.Note, "A function is gone", $"{name}()", FolderTree.Pkgbuild);
        }
    }

    private static string Counted(List<ShellPiece> old, List<ShellPiece> @new)
    {
        var edits = Difference.Of([.. old.Select(piece => piece.Key)], [.. @new.Select(piece => piece.Key)]);
        var (added, removed) = (edits.Count(edit => edit.Kind == EditKind.Added), edits.Count(edit => edit.Kind == EditKind.Removed));
        return added + removed == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"+{added} -{removed}");
    }

    private void LookAtCode(string path, ShellScript? old, ShellScript? @new, bool isInstall)
    {
        if (@new is null)
        {
            return;
        }

        var (before, after) = (old?.Pieces ?? [], @new.Pieces);
        foreach (var edit in Difference.Of([.. before.Select(piece => piece.Key)], [.. after.Select(piece => piece.Key)]).Where(edit => edit.Kind == EditKind.Added))
        {
            var piece = after[edit.New];
            LookAtText(path, piece.Text, piece.Line);
            if (!piece.IsComment)
            {
                LookAtPiece(path, piece, isInstall);
            }
        }
    }

    private void LookAtPiece(string path, ShellPiece piece, bool isInstall)
    {
        var plain = string.Join(' ', piece.Tokens.Select(token => ShellWords.Unquoted(token.Text)));
        foreach (var trick in ShellTrick.All.Where(trick => trick.Pattern.IsMatch(plain) || trick.Pattern.IsMatch(piece.Text)))
        {
            // A source may be downloaded, and a description may speak of it: that is not this code.
            if (piece.Array is null || trick.Level == RiskLevel.Alarm || piece.Tokens[0].Text.Contains("$(", StringComparison.Ordinal))
            {
                Add(isInstall ? RiskLevel.Alarm : trick.Level, $"New code {trick.What}{(isInstall ? ", as root on every machine that installs it" : "")}", piece.Text, path, piece.Line);
            }
        }

        if (piece.Tokens.FirstOrDefault(IsDisguised) is { Text: not null } word)
        {
            Add(RiskLevel.Alarm, "New code writes a plain word so that it is not recognised", $"{word.Text} is {ShellWords.Unquoted(word.Text)}", path, piece.Line);
        }

        if (path == FolderTree.Pkgbuild && piece.Function is null && RunsWhenRead(piece))
        {
            Add(RiskLevel.Alarm, "New code outside of all functions, which runs as soon as the PKGBUILD is read", piece.Text, path, piece.Line);
        }
    }

    /// <summary>Quotes or backslashes within a word of letters: <c>c""url</c>, <c>cu\rl</c>, <c>$'\x63url'</c>.</summary>
    private static bool IsDisguised(ShellToken token)
    {
        if (token.Kind != ShellTokenKind.Word || ShellWords.Assignment(token.Text) is not null)
        {
            return false;
        }

        var text = token.Text;
        var plain = ShellWords.Unquoted(text);
        return plain.Length is > 1 and < 40 && plain.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            && (text.StartsWith("$'", StringComparison.Ordinal) ? text.Contains('\\', StringComparison.Ordinal)
                : text != plain && text.Trim('\'', '"') != plain && !(text.Contains('$', StringComparison.Ordinal) || text.StartsWith('-')));
    }

    private static bool RunsWhenRead(ShellPiece piece)
    {
        var text = piece.Tokens[0].Text;
        var runs = piece.Tokens.Any(token => token.Kind == ShellTokenKind.Word
            && (token.Text.Contains("$(", StringComparison.Ordinal) || token.Text.Contains('`', StringComparison.Ordinal)
                || token.Text.StartsWith("<(", StringComparison.Ordinal) || token.Text.StartsWith(">(", StringComparison.Ordinal)));
        return runs || (piece.Array is null && piece.Assignment is null && !text.EndsWith("=(", StringComparison.Ordinal)
            && !piece.Key.EndsWith("\0(\0)", StringComparison.Ordinal) && text is not (":" or "function" or "{" or "}" or ")" or "(" or "then" or "fi" or "else" or "do" or "done" or "esac" or ";;")
            && piece.Tokens[0].Kind == ShellTokenKind.Word
            && !piece.Tokens[^1].Text.EndsWith("=(", StringComparison.Ordinal)
            && piece.Tokens.Any(token => ShellWords.Assignment(token.Text) is null));
    }

    private void LookAtText(string path, string text, int? line)
    {
        if (text.EnumerateRunes().Any(IsInvisible))
        {
            Add(RiskLevel.Alarm, "It has characters that do not show or that turn the order of others", text, path, line);
        }
        else if (text.EnumerateRunes().Any(rune => !rune.IsAscii && Rune.IsLetter(rune)) && !text.StartsWith('#'))
        {
            Add(RiskLevel.Note, "It has letters that are not ASCII, some of which look like others", text, path, line);
        }
    }

    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.PrivateUse
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator || (Rune.IsControl(rune) && rune.Value is not ('\t' or '\n'));

    private void LookAtSettings()
    {
        foreach (var (name, what, level) in (ReadOnlySpan<(string, string, RiskLevel)>)
            [("url", "The project's page is another", RiskLevel.Look), ("install", "Another script runs as root when the package is installed", RiskLevel.Alarm),
            ("epoch", "The epoch is another", RiskLevel.Look), ("changelog", "The change log is another file", RiskLevel.Note)])
        {
            if (_after[name] is { } now && now != _before[name] && _before.Script is not null)
            {
                Add(level, what, now, FolderTree.Pkgbuild);
            }
        }

        var names = Names(_before);
        foreach (var name in Names(_after).Where(name => names.Count > 0 && !names.Contains(name)))
        {
            Add(RiskLevel.Alarm, "The package has another name", name, FolderTree.Pkgbuild);
        }

        foreach (var array in (string[])[.. Dependencies, .. Claims, "backup", "options", "arch"])
        {
            var level = Claims.Contains(array) ? RiskLevel.Look : RiskLevel.Note;
            var known = _before.Array(array).Select(element => NameOf(element.Value)).ToHashSet(StringComparer.Ordinal);
            foreach (var element in _after.Array(array).Where(element => !known.Contains(NameOf(element.Value))))
            {
                Add(level, $"New in {array}", element.Value, FolderTree.Pkgbuild, element.Line);
            }
        }

        if (_before["pkgver"] is { } was && _after["pkgver"] is { } version && _before["epoch"] == _after["epoch"]
            && PackageVersion.TryParse($"{was}-1", out var old) && PackageVersion.TryParse($"{version}-1", out var @new) && @new.CompareTo(old) < 0)
        {
            Add(RiskLevel.Look, "The version is older than before", $"{was} -> {version}", FolderTree.Pkgbuild);
        }
    }

    private static HashSet<string> Names(PackageFacts facts) =>
        [.. ((string?[])[facts["pkgname"], facts["pkgbase"], .. facts.Array("pkgname").Select(name => name.Value)]).OfType<string>()];

    private static string NameOf(string dependency)
    {
        var end = dependency.AsSpan().IndexOfAny("<>=:");
        return end < 0 ? dependency : dependency[..end];
    }

    private void LookAtFiles()
    {
        foreach (var (path, file) in _new.Files.Where(file => file.Key is not (FolderTree.Pkgbuild or FolderTree.Srcinfo)))
        {
            var was = _old[path];
            if (was is null || !was.Equals(file))
            {
                LookAtFile(path, was, file);
            }
        }

        foreach (var path in _old.Files.Keys.Where(path => _new[path] is null))
        {
            Add(RiskLevel.Note, "A file is gone", path);
        }
    }

    private void LookAtFile(string path, FolderFile? was, FolderFile file)
    {
        Add(RiskLevel.Look, was is null ? "A new file" : "A file changed", path);
        if (file.Kind == FileKind.Link)
        {
            var target = Encoding.UTF8.GetString(file.Content.Span);
            var leaves = target.StartsWith('/') || target.Split('/').Contains("..");
            Add(leaves ? RiskLevel.Alarm : RiskLevel.Look, leaves ? "A symbolic link leads out of the folder" : "A symbolic link", $"{path} -> {target}", path);
            return;
        }

        if (file.Kind == FileKind.Submodule)
        {
            Add(RiskLevel.Alarm, "Another repository is part of the folder", path, path);
            return;
        }

        if (file.Kind == FileKind.Executable && was?.Kind != FileKind.Executable)
        {
            Add(RiskLevel.Look, "A file can be run now", path, path);
        }

        if (file.Content.Length > LargestText || !Utf8.IsValid(file.Content.Span) || file.Content.Span.Contains((byte)0))
        {
            Add(RiskLevel.Alarm, "It is no text, so nobody can read it here", path, path);
            return;
        }

        LookAtScript(path, was, Encoding.UTF8.GetString(file.Content.Span));
    }

    private void LookAtScript(string path, FolderFile? was, string text)
    {
        var isInstall = path.EndsWith(".install", StringComparison.Ordinal) || path == _after["install"];
        if (isInstall || path.EndsWith(".sh", StringComparison.Ordinal) || path.EndsWith(".hook", StringComparison.Ordinal) || text.StartsWith("#!", StringComparison.Ordinal))
        {
            if (isInstall)
            {
                Add(RiskLevel.Alarm, was is null ? "A new script runs as root when the package is installed" : "The script that runs as root when the package is installed changed", path, path);
            }

            var old = was is null ? null : ShellScript.Read(Encoding.UTF8.GetString(was.Content.Span), out _);
            if (ShellScript.Read(text, out _) is { } script)
            {
                LookAtCode(path, old, script, isInstall);
                return;
            }
        }

        var known = was is null ? [] : Encoding.UTF8.GetString(was.Content.Span).Split('\n').ToHashSet(StringComparer.Ordinal);
        foreach (var (line, index) in text.Split('\n').Select((line, index) => (line, index)).Where(line => !known.Contains(line.line)))
        {
            LookAtText(path, line, index + 1);
            foreach (var trick in ShellTrick.All.Where(trick => trick.Level == RiskLevel.Alarm && trick.Pattern.IsMatch(line)))
            {
                Add(isInstall ? RiskLevel.Alarm : RiskLevel.Look, $"A new line {trick.What}", line, path, index + 1);
            }
        }
    }
}
