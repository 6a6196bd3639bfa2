namespace Caur.Pipelines.Changes;

/// <summary>Compares two PKGBUILDs piece by piece, so that layout does not count and what a line stands in does.</summary>
internal sealed class PkgbuildComparison
{
    private const string Path = FolderTree.Pkgbuild;

    private readonly string[] _oldLines;
    private readonly string[] _newLines;
    private readonly IReadOnlyList<ShellPiece> _old;
    private readonly IReadOnlyList<ShellPiece> _new;
    private readonly IReadOnlyList<PosixRegex> _allowed;

    private PkgbuildComparison(string old, ShellScript oldScript, string @new, ShellScript newScript, IReadOnlyList<PosixRegex> allowed)
    {
        (_oldLines, _newLines) = (old.Split('\n'), @new.Split('\n'));
        (_old, _new) = (oldScript.Pieces, newScript.Pieces);
        _allowed = allowed;
    }

    /// <summary>What in a change asks for a look.</summary>
    /// <param name="old">The text that was there.</param>
    /// <param name="new">The text that is there now.</param>
    /// <param name="allowed">Lines that match one of these before and after may change.</param>
    /// <returns>Empty when nothing does; <c>IsSame</c> when all pieces are equal.</returns>
    public static (IReadOnlyList<ChangeReason> Reasons, bool IsSame) Compare(string old, string @new, IReadOnlyList<PosixRegex> allowed)
    {
        if (old == @new)
        {
            return ([], true);
        }

        if (ShellScript.Read(@new, out var problem) is not { } newScript)
        {
            return ([new ChangeReason(Path, null, $"it changed and cannot be read as a shell script with certainty ({problem})")], false);
        }

        if (ShellScript.Read(old, out problem) is not { } oldScript)
        {
            return ([new ChangeReason(Path, null, $"it changed, and what was there cannot be read as a shell script with certainty ({problem})")], false);
        }

        var comparison = new PkgbuildComparison(old, oldScript, @new, newScript, allowed);
        return (comparison.Reasons(), comparison.IsSame());
    }

    private bool IsSame() => _old.Count == _new.Count && _old.Zip(_new).All(pair => pair.First.Key == pair.Second.Key && pair.First.Array == pair.Second.Array);

    private List<ChangeReason> Reasons()
    {
        var reasons = new List<ChangeReason>();
        if (_old.Count == _new.Count)
        {
            for (var at = 0; at < _old.Count; at++)
            {
                if (Objection(_old[at], _new[at]) is { } objection)
                {
                    reasons.Add(new ChangeReason(Path, _new[at].Line, objection));
                }
            }

            return reasons.Count == 0 ? reasons : Told();
        }

        return Told();
    }

    /// <summary>The reasons as the shortest difference shows them: one line too many would make every line behind it differ.</summary>
    private List<ChangeReason> Told()
    {
        var reasons = new List<ChangeReason>();
        var edits = Difference.Of([.. _old.Select(piece => piece.Key)], [.. _new.Select(piece => piece.Key)]);
        for (var at = 0; at < edits.Count;)
        {
            var (removed, added) = (new List<ShellPiece>(), new List<ShellPiece>());
            for (; at < edits.Count && edits[at].Kind != EditKind.Same; at++)
            {
                if (edits[at].Kind == EditKind.Removed)
                {
                    removed.Add(_old[edits[at].Old]);
                }
                else
                {
                    added.Add(_new[edits[at].New]);
                }
            }

            var place = at < edits.Count ? _new[edits[at].New].Line : _newLines.Length;
            reasons.AddRange(Told(removed, added, place));
            at++;
        }

        // Equal pieces that moved from one array to another.
        return reasons.Count > 0 ? reasons : [new ChangeReason(Path, null, "what stands in which array changed")];
    }

    private IEnumerable<ChangeReason> Told(List<ShellPiece> removed, List<ShellPiece> added, int place)
    {
        var pairs = Math.Min(removed.Count, added.Count);
        for (var at = 0; at < pairs; at++)
        {
            if (Objection(removed[at], added[at]) is { } objection)
            {
                yield return new ChangeReason(Path, added[at].Line, objection);
            }
        }

        foreach (var piece in removed.Skip(pairs))
        {
            yield return new ChangeReason(Path, place, $"removed: {Shown(piece)}");
        }

        foreach (var piece in added.Skip(pairs))
        {
            yield return new ChangeReason(Path, piece.Line, $"added: {Shown(piece)}");
        }
    }

    /// <summary>What speaks against a change of one piece; null when nothing does.</summary>
    private string? Objection(ShellPiece old, ShellPiece @new)
    {
        if (old.Key == @new.Key && old.Array == @new.Array)
        {
            return null;
        }

        if (old.Array == @new.Array && ChangeRules.DigestLength(@new.Array) is not null && !old.IsComment && !@new.IsComment)
        {
            return SumObjection(@new.Array!, old, @new);
        }

        if (ChangeRules.VersionSet(@new) is { } set && ChangeRules.VersionSet(old) == set)
        {
            return null;
        }

        if (_allowed.Any(pattern => pattern.IsMatch(LineOf(_oldLines, old)) && pattern.IsMatch(LineOf(_newLines, @new)))
            && old.Line == old.EndLine && @new.Line == @new.EndLine)
        {
            return Substitutions(@new) > Substitutions(old) ? $"the line is allowed to change, but runs a command now: {Shown(@new)}" : null;
        }

        return $"{Shown(old)} became {Shown(@new)}";
    }

    private static string? SumObjection(string array, ShellPiece old, ShellPiece @new)
    {
        var (wasSum, wasSkip) = ChangeRules.Sum(array, old.Tokens[0].Text);
        var (isSum, isSkip) = ChangeRules.Sum(array, @new.Tokens[0].Text);
        return !isSum || !wasSum ? $"{Shown(@new)} in {array} is no plain checksum, or takes the place of one that is none"
            : isSkip && !wasSkip ? $"a checksum in {array} became SKIP"
            : null;
    }

    private static int Substitutions(ShellPiece piece) =>
        piece.Tokens.Sum(token => Count(token.Text, "$(") + Count(token.Text, "`") + Count(token.Text, "<(") + Count(token.Text, ">("))
        + piece.Tokens.Count(token => token.Kind == ShellTokenKind.Operator);

    private static int Count(string text, string part) => (text.Length - text.Replace(part, "", StringComparison.Ordinal).Length) / part.Length;

    /// <summary>As bash's <c>read</c> gives it: without the white space around it.</summary>
    private static string LineOf(string[] lines, ShellPiece piece) => lines[piece.Line - 1].Trim(' ', '\t');

    private static string Shown(ShellPiece piece) => $"'{(piece.Text.Length > 160 ? $"{piece.Text[..160]}..." : piece.Text)}'";
}
