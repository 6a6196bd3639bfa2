using System.Globalization;
using Caur.Storage.Files;

namespace Caur.Storage.Repositories;

/// <summary>The names in one repository's folder: packages and signatures in the folder itself, databases in <c>.gen/N</c>, and links
/// through <c>.gen/current</c> under the names that pacman asks for.</summary>
/// <param name="Folder">The folder <c>repos/target/arch</c>.</param>
/// <param name="Target">The target repository's name, which the database files carry.</param>
internal sealed record RepositoryLayout(string Folder, string Target)
{
    public const string GenerationsName = ".gen";
    public const string SignatureSuffix = ".sig";
    public const string StatementSuffix = ".provenance.json";

    /// <summary>What lies beside a package under its name, and comes and goes with it.</summary>
    public static readonly IReadOnlyList<string> Companions = [SignatureSuffix, StatementSuffix, StatementSuffix + SignatureSuffix];

    private const string CurrentName = "current";
    private const string InfoName = "generation.json";

    /// <summary>Locked while something changes: beside the repository's folder, which may not be there yet.</summary>
    public string Lock => Path.Combine(Path.GetDirectoryName(Folder)!, $".lock-{Path.GetFileName(Folder)}");

    public string Generations => Path.Combine(Folder, GenerationsName);

    public string CurrentLink => Path.Combine(Generations, CurrentName);

    public string DatabaseName => Target + ".db.tar.gz";

    public string FilesName => Target + ".files.tar.gz";

    /// <summary>The names that are links within a generation, and what they point to there.</summary>
    public IEnumerable<(string Link, string File)> ShortNames =>
    [
        (Target + ".db", DatabaseName),
        (Target + ".db.sig", DatabaseName + SignatureSuffix),
        (Target + ".files", FilesName),
        (Target + ".files.sig", FilesName + SignatureSuffix),
    ];

    /// <summary>Every name under which a client may ask for a database or its signature.</summary>
    public IEnumerable<string> DatabaseNames => ShortNames.SelectMany(name => new[] { name.Link, name.File });

    public string Generation(int number) => Path.Combine(Generations, number.ToString(CultureInfo.InvariantCulture));

    public string Info(int number) => Path.Combine(Generation(number), InfoName);

    public string InfoIn(string generationFolder) => Path.Combine(generationFolder, InfoName);

    /// <summary>The package that a file of the folder is, or lies beside.</summary>
    public static string PackageOf(string fileName)
    {
        var package = Companions.Where(suffix => fileName.EndsWith(suffix, StringComparison.Ordinal)).MaxBy(suffix => suffix.Length);
        return package is null ? fileName : fileName[..^package.Length];
    }

    public string Package(string fileName) => PathGuard.Join(Folder, fileName);

    /// <summary>The number of the current generation; 0 when nothing was published yet.</summary>
    public int ReadCurrent() => TryParseNumber(Symlinks.Read(CurrentLink), out var number) ? number : 0;

    /// <summary>The numbers of all generations that are there, in ascending order, also one that never became current.</summary>
    public IReadOnlyList<int> ReadNumbers()
    {
        if (!Directory.Exists(Generations))
        {
            return [];
        }

        var numbers = new List<int>();
        foreach (var path in Directory.EnumerateDirectories(Generations))
        {
            if (TryParseNumber(Path.GetFileName(path), out var number))
            {
                numbers.Add(number);
            }
        }

        numbers.Sort();
        return numbers;
    }

    /// <summary>1 or more, in the one spelling that we write.</summary>
    public static bool TryParseNumber(string? text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
        && number > 0
        && text == number.ToString(CultureInfo.InvariantCulture);
}
