using System.Text.RegularExpressions;

namespace Caur.Tests.Engine.Signatures;

/// <summary>A listing of types and members: a Markdown list whose first level are types and whose second level are their members.</summary>
internal sealed partial class ReferenceSignatures
{
    private readonly Dictionary<string, (string Header, HashSet<string> Members)> _types = new(StringComparer.Ordinal);

    public static ReferenceSignatures Parse(IEnumerable<string> lines)
    {
        var reference = new ReferenceSignatures();
        HashSet<string>? members = null;
        foreach (var line in lines)
        {
            if (Line().Match(line) is not { Success: true } match)
            {
                continue;
            }

            var text = match.Groups["text"].Value;
            if (match.Groups["indent"].Length > 0)
            {
                members!.Add(text);
                continue;
            }

            members = new HashSet<string>(StringComparer.Ordinal);
            var targets = match.Groups["on"] is { Success: true } on ? $" (on {on.Value})" : "";
            reference._types.Add(Name(text), (text + targets, members));
        }

        return reference;
    }

    /// <summary>What the printed type has and the listing does not.</summary>
    public IEnumerable<string> Invented(PrintedType type)
    {
        var name = Name(type.Header);
        if (!_types.TryGetValue(name, out var reference))
        {
            yield return $"{name}: there is no such type";
            yield break;
        }

        var (mine, theirs) = (Split(type.Header), Split(reference.Header));
        if (mine.Kind != theirs.Kind)
        {
            yield return $"{name}: it is a {mine.Kind}, not a {theirs.Kind}";
        }

        foreach (var added in mine.Bases.Except(theirs.Bases))
        {
            yield return $"{name}: it inherits {added}";
        }

        // Interfaces may be left out, a base class may not.
        foreach (var missing in theirs.Bases.Except(mine.Bases).Where(static one => !InterfaceName().IsMatch(one)))
        {
            yield return $"{name}: it does not inherit {missing}";
        }

        if (mine.Targets != theirs.Targets)
        {
            yield return $"{name}: it is {mine.Targets}, not {theirs.Targets}";
        }

        foreach (var member in type.Members.Where(member => !reference.Members.Contains(member)))
        {
            yield return $"{name}: {member}";
        }
    }

    private static string Name(string header) => Split(header).Name;

    private static (string Kind, string Name, string[] Bases, string Targets) Split(string header)
    {
        var match = Header().Match(header);
        return (
            match.Groups["kind"].Value,
            match.Groups["name"].Value,
            match.Groups["bases"].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries),
            match.Groups["targets"].Value);
    }

    [GeneratedRegex(@"^(?<indent>\s*)- `(?<text>[^`]+)`(.*\(on (?<on>[^)]+)\))?")]
    private static partial Regex Line();

    [GeneratedRegex(@"^(?<kind>((abstract|sealed|static) )?(class|struct|interface|enum)) (?<name>[^:(]+?)( where .*)?( : (?<bases>[^(]+?))?(?<targets> \(on .*\))?$")]
    private static partial Regex Header();

    [GeneratedRegex("^I[A-Z]")]
    private static partial Regex InterfaceName();
}
