using System.Globalization;
using System.Text;

namespace Caur.Benchmarks.Rows;

/// <summary>A source repository like the one that the original farm builds, with edges that are known: 2,534 folders, 3,189 packages,
/// 5,327 edges, chains of ten. Other sizes are in proportion. The same size is always the same repository.</summary>
internal sealed class GeneratedPackages
{
    public const int LiveFolders = 2_534;
    private const double PackagesPerFolder = 3_189.0 / LiveFolders;
    private const double EdgesPerFolder = 5_327.0 / LiveFolders;
    private const int Levels = 10;

    public GeneratedPackages(int count)
    {
        var random = new Random(count);
        var names = Enumerable.Range(0, count).Select(Name).ToList();
        var split = count * (PackagesPerFolder - 1);
        var level = new int[count];
        var after = Enumerable.Range(0, count).Select(static _ => new SortedSet<int>()).ToArray();
        var left = (int)Math.Round(count * EdgesPerFolder);

        // One chain of the full length; the others stand anywhere, most of them near the ground.
        for (var i = 1; i < count; i++)
        {
            level[i] = i < Levels ? i : Math.Min(Levels - 1, (int)(-Math.Log(1 - random.NextDouble()) * 1.6));
        }

        var byLevel = Enumerable.Range(0, count).GroupBy(i => level[i]).ToDictionary(group => group.Key, group => group.ToList());
        for (var i = 0; i < count; i++)
        {
            if (level[i] > 0)
            {
                after[i].Add(i < Levels ? i - 1 : byLevel[level[i] - 1][random.Next(byLevel[level[i] - 1].Count)]);
                left--;
            }
        }

        while (left > 0 && count > Levels)
        {
            var i = random.Next(count);
            // Few are wanted by many.
            var first = (int)(count * Math.Pow(random.NextDouble(), 3));
            if (level[first] < level[i] && after[i].Add(first))
            {
                left--;
            }
        }

        Folders =
        [
            .. names.Select((name, i) => new GeneratedFolder(
                name,
                [name, .. i < split ? [$"{name}-docs"] : Array.Empty<string>()],
                [.. after[i].Select(first => names[first])])),
        ];
    }

    public IReadOnlyList<GeneratedFolder> Folders { get; }

    public int Edges => Folders.Sum(static folder => folder.After.Count);

    /// <summary>Writes the folders: PKGBUILD and .SRCINFO, and for every third a .CI/config.</summary>
    public async Task WriteAsync(string folder, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Folders.Count; i++)
        {
            var package = Folders[i];
            var path = Directory.CreateDirectory(Path.Combine(folder, package.Pkgbase)).FullName;
            await File.WriteAllTextAsync(Path.Combine(path, "PKGBUILD"), $"pkgname={package.Pkgbase}\n", cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(path, ".SRCINFO"), Srcinfo(package, i), cancellationToken);
            if (i % 3 == 0)
            {
                Directory.CreateDirectory(Path.Combine(path, ".CI"));
                await File.WriteAllTextAsync(Path.Combine(path, ".CI", "config"), "BUILDER_CLASS=1\nCI_PACKAGE_BUMP=1.0-1/1\n", cancellationToken);
            }
        }
    }

    private static string Name(int number) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(number % 3 == 0 ? "lib" : "")}package{(number % 17 == 0 ? ".x" : "")}{(number % 29 == 0 ? "++" : "")}-{number}{(number % 5 == 0 ? "-git" : "")}");

    private static string Srcinfo(GeneratedFolder package, int number)
    {
        string[] kinds = ["depends", "makedepends", "depends", "checkdepends"];
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"pkgbase = {package.Pkgbase}\n\tpkgdesc = Package number {number}\n\tpkgver = 1.{number}\n\tpkgrel = 1\n");
        text.Append("\turl = https://example.org\n\tarch = x86_64\n\tlicense = MIT\n\tmakedepends = git\n\tmakedepends = cmake\n\tdepends = glibc\n\tdepends = gcc-libs\n");
        for (var i = 0; i < package.After.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"\t{kinds[i % kinds.Length]} = {package.After[i]}{(i % 3 == 1 ? ">=1" : "")}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\tsource = https://example.org/{number}.tar.gz\n\tsha256sums = SKIP\n");
        foreach (var name in package.Pkgnames)
        {
            text.Append(CultureInfo.InvariantCulture, $"\npkgname = {name}\n");
        }

        return text.ToString();
    }
}

/// <summary>One package folder.</summary>
/// <param name="Pkgbase">Its name.</param>
/// <param name="Pkgnames">What it makes.</param>
/// <param name="After">The pkgbases that it depends on, each once.</param>
internal sealed record GeneratedFolder(string Pkgbase, IReadOnlyList<string> Pkgnames, IReadOnlyList<string> After);
