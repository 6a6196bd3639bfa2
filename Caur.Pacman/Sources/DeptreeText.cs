using System.Text;

namespace Caur.Pacman;

/// <summary>
/// The dependency graph of a source repository in the form of Chaotic-AUR's infra 4.0 (<c>.ci/deptree.txt</c>, the manual's
/// <c>--deptree</c>): entries <c>pkgbase:name1,name2:dependency1,dependency2</c> with a semicolon between.
/// </summary>
/// <remarks>
/// Today's pipelines write it from .SRCINFO files, take versions off and leave out every name with a character beside letters, digits,
/// <c>_</c> and <c>-</c>. When that leaves a folder without names, their script puts its dependencies where the names belong
/// (<c>speedtest++:git,cmake:</c>), and whoever takes that literally makes half of a farm wait for it. Such an entry is read as it was meant.
/// </remarks>
public sealed class DeptreeText
{
    /// <summary>The longest text that is read, in characters; that of 2,500 folders has 300,000.</summary>
    public const int MaxSize = 16 * 1024 * 1024;

    /// <summary>The most entries that are read; the largest repository of this kind has 2,534.</summary>
    public const int MaxEntries = 20_000;

    /// <summary>The most names, and the most dependencies, of one entry that are read.</summary>
    public const int MaxNames = 10_000;

    private const int MaxErrors = 100;

    private static readonly System.Buffers.SearchValues<char> KeptByPipelines =
        System.Buffers.SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");

    private DeptreeText(IReadOnlyList<DeptreeEntry> entries) => Entries = entries;

    /// <summary>The entries in the order of the text; each pkgbase once.</summary>
    public IReadOnlyList<DeptreeEntry> Entries { get; }

    /// <summary>A text of these entries, sorted by pkgbase.</summary>
    public static DeptreeText Of(IEnumerable<DeptreeEntry> entries) => new([.. entries.OrderBy(entry => entry.PkgBase)]);

    /// <summary>Reads a text. White space around entries and names, empty entries and versions behind names are let pass; a refusal names
    /// every fault (the first hundred of them). A text beyond <see cref="MaxSize"/>, <see cref="MaxEntries"/> or <see cref="MaxNames"/> is
    /// refused: none is that large, and what reads it has other things to do.</summary>
    public static FormatResult<DeptreeText> Parse(string text)
    {
        if (text.Length > MaxSize)
        {
            return FormatResult<DeptreeText>.Refused(
                new FormatError(FormatErrorCode.TooLarge, $"the text is larger than {MaxSize / (1024 * 1024)} MiB"));
        }

        var errors = new List<FormatError>();
        var entries = new List<DeptreeEntry>();
        var seen = new HashSet<PackageName>();
        foreach (var range in text.AsSpan().Split(';'))
        {
            var part = text.AsSpan(range).Trim();
            if (part.IsEmpty || errors.Count >= MaxErrors)
            {
                continue;
            }

            if (Read(part, errors) is { } entry)
            {
                if (entries.Count == MaxEntries)
                {
                    errors.Add(new FormatError(FormatErrorCode.TooLarge, $"the text has more than {MaxEntries} entries"));
                    break;
                }

                if (seen.Add(entry.PkgBase))
                {
                    entries.Add(entry);
                }
                else
                {
                    errors.Add(new FormatError(FormatErrorCode.Duplicate, $"{entry.PkgBase} stands twice"));
                }
            }
        }

        return errors.Count == 0
            ? FormatResult<DeptreeText>.Of(new DeptreeText(entries))
            : FormatResult<DeptreeText>.Refused(errors);
    }

    /// <summary>The form that <see cref="Parse"/> reads, without a line end.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var entry in Entries)
        {
            text.Append(text.Length == 0 ? "" : ";")
                .Append(entry.PkgBase).Append(':')
                .AppendJoin(',', Unmistakable(entry)).Append(':')
                .AppendJoin(',', entry.Dependencies);
        }

        return text.ToString();
    }

    /// <summary>The names, with the pkgbase among them where they could be taken for dependencies.</summary>
    private static IEnumerable<PackageName> Unmistakable(DeptreeEntry entry) =>
        entry.Dependencies.Count == 0 && IsShifted(entry.PkgBase, entry.Names) ? entry.Names.Prepend(entry.PkgBase) : entry.Names;

    private static DeptreeEntry? Read(ReadOnlySpan<char> part, List<FormatError> errors)
    {
        var first = part.IndexOf(':');
        var second = first < 0 ? -1 : part[(first + 1)..].IndexOf(':');
        if (second < 0 || part[(first + second + 2)..].Contains(':'))
        {
            errors.Add(new FormatError(FormatErrorCode.Malformed, $"{FormatError.Quote(part)} is not of the form 'pkgbase:names:dependencies'"));
            return null;
        }

        if (!PackageName.TryParse(part[..first].Trim().ToString(), out var pkgbase))
        {
            errors.Add(new FormatError(FormatErrorCode.InvalidName, $"{FormatError.Quote(part[..first])} is not a package name"));
            return null;
        }

        var names = ReadNames(pkgbase, part.Slice(first + 1, second), errors);
        var dependencies = ReadNames(pkgbase, part[(first + second + 2)..], errors);
        return dependencies.Count == 0 && IsShifted(pkgbase, names)
            ? new DeptreeEntry(pkgbase, [], names)
            : new DeptreeEntry(pkgbase, names, dependencies);
    }

    /// <summary>Whether dependencies stand where names belong, in an entry without dependencies: the pkgbase is one whose name a pipeline
    /// leaves out, and no name shows that another program wrote it.</summary>
    private static bool IsShifted(PackageName pkgbase, IReadOnlyList<PackageName> names)
    {
        return LeftOut(pkgbase) && names.Count > 0 && !names.Any(LeftOut);

        static bool LeftOut(PackageName name) => name.ToString().AsSpan().ContainsAnyExcept(KeptByPipelines);
    }

    private static List<PackageName> ReadNames(PackageName pkgbase, ReadOnlySpan<char> list, List<FormatError> errors)
    {
        var names = new List<PackageName>();
        var seen = new HashSet<PackageName>();
        foreach (var range in list.Split(','))
        {
            var text = list[range].Trim();
            if (text.IsEmpty || errors.Count >= MaxErrors)
            {
                continue;
            }

            if (!Dependency.TryParse(text.ToString(), out var dependency))
            {
                errors.Add(new FormatError(FormatErrorCode.InvalidName, $"{FormatError.Quote(text)}, which {pkgbase} names, is not a package name"));
            }
            else if (seen.Add(dependency.Name))
            {
                if (names.Count == MaxNames)
                {
                    errors.Add(new FormatError(FormatErrorCode.TooLarge, $"{pkgbase} has more than {MaxNames} names or dependencies"));
                    break;
                }

                names.Add(dependency.Name);
            }
        }

        return names;
    }
}

/// <summary>One folder of a <see cref="DeptreeText"/>.</summary>
/// <param name="PkgBase">The folder.</param>
/// <param name="Names">What it makes and provides; empty when the text does not say.</param>
/// <param name="Dependencies">What it needs, by names; also of packages that are in no entry.</param>
public sealed record DeptreeEntry(PackageName PkgBase, IReadOnlyList<PackageName> Names, IReadOnlyList<PackageName> Dependencies);
