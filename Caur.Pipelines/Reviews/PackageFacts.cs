using System.Text.RegularExpressions;
using Caur.Pipelines.Changes;

namespace Caur.Pipelines.Reviews;

/// <summary>One source of a package.</summary>
/// <param name="Text">As it is written, with the plain variables filled in.</param>
/// <param name="Scheme">In lower case, with <c>git+</c> and the like before it; empty for a local file.</param>
/// <param name="Host">In lower case; empty for a local file.</param>
/// <param name="Line">Where it stands.</param>
internal sealed partial record PackageSource(string Text, string Scheme, string Host, int Line)
{
    /// <summary>Whether a VCS's commit, tag or signed revision is named, so that the same is fetched each time.</summary>
    public bool IsPinned => !IsVcs || Text.Contains("#commit=", StringComparison.Ordinal) || Text.Contains("#tag=", StringComparison.Ordinal) || Text.Contains("#revision=", StringComparison.Ordinal);

    /// <summary>Whether makepkg clones it.</summary>
    public bool IsVcs => Scheme.StartsWith("git", StringComparison.Ordinal) || Scheme.StartsWith("hg", StringComparison.Ordinal)
        || Scheme.StartsWith("svn", StringComparison.Ordinal) || Scheme.StartsWith("bzr", StringComparison.Ordinal) || Scheme.StartsWith("fossil", StringComparison.Ordinal);

    /// <summary>Whether somebody on the way could change it unseen.</summary>
    public bool IsOpen => (Scheme.Contains('+', StringComparison.Ordinal) ? Scheme[(Scheme.IndexOf('+', StringComparison.Ordinal) + 1)..] : Scheme)
        is "http" or "ftp" or "git" or "svn" or "rsync";

    public static PackageSource Parse(string text, int line)
    {
        var match = Address().Match(text);
        return match.Success
            ? new PackageSource(text, match.Groups["scheme"].Value.ToLowerInvariant(), match.Groups["host"].Value.ToLowerInvariant(), line)
            : new PackageSource(text, "", "", line);
    }

    [GeneratedRegex(@"^(?:[^/]*?::)?(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^/@\s]*@)?(?<host>\[[^\]]*\]|[^/:?#\s]*)")]
    private static partial Regex Address();
}

/// <summary>What a PKGBUILD says, as far as it can be known without running it.</summary>
internal sealed partial class PackageFacts
{
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(string Value, int Line)>> _arrays = new(StringComparer.Ordinal);

    private PackageFacts(ShellScript? script, string? problem) => (Script, Problem) = (script, problem);

    /// <summary>Null when it cannot be read.</summary>
    public ShellScript? Script { get; }

    /// <summary>Why it cannot be read.</summary>
    public string? Problem { get; }

    /// <summary>Reads a PKGBUILD; an empty text for one that is not there.</summary>
    public static PackageFacts Of(string pkgbuild)
    {
        var script = ShellScript.Read(pkgbuild, out var problem);
        var facts = new PackageFacts(script, problem);
        foreach (var piece in script?.Pieces ?? [])
        {
            facts.Learn(piece);
        }

        return facts;
    }

    /// <summary>A variable that is set outside of all functions; null when it is not, or to something that only a shell could say.</summary>
    public string? this[string name] => _variables.GetValueOrDefault(name);

    /// <summary>The elements of an array wherever it is set or added to, and of its forms for architectures.</summary>
    public IEnumerable<(string Name, string Value, int Line)> Array(string name) =>
        from array in _arrays
        where array.Key == name || array.Key.StartsWith($"{name}_", StringComparison.Ordinal)
        from element in array.Value
        select (array.Key, element.Value, element.Line);

    /// <summary>The arrays of checksums by their names.</summary>
    public IEnumerable<string> SumArrays => _arrays.Keys.Where(name => ChangeRules.DigestLength(name) is not null);

    public IReadOnlyList<PackageSource> Sources => [.. Array("source").Select(source => PackageSource.Parse(source.Value, source.Line))];

    private void Learn(ShellPiece piece)
    {
        if (piece.IsComment)
        {
            return;
        }

        if (piece.Array is { } array)
        {
            Elements(array).Add((Filled(ShellWords.Unquoted(piece.Tokens[0].Text)), piece.Line));
        }
        else if (piece.Assignment is { } set && piece.Function is null)
        {
            _variables[set.Name] = Filled(ShellWords.Unquoted(set.Value));
        }
    }

    private List<(string, int)> Elements(string array)
    {
        if (!_arrays.TryGetValue(array, out var elements))
        {
            _arrays[array] = elements = [];
        }

        return elements;
    }

    /// <summary>The text with plain variables in it; what else expands stays as it is written. Values grow at each step, so there is an end.</summary>
    private string Filled(string text) => text.Length > 4096 ? text : Variable().Replace(text, match =>
        _variables.GetValueOrDefault(match.Groups["name"].Value) is { Length: < 1024 } value ? value : match.Value);

    [GeneratedRegex(@"\$(?:\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?<name>[A-Za-z_][A-Za-z0-9_]*))")]
    private static partial Regex Variable();
}
