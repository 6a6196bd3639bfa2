using System.Text;
using System.Text.RegularExpressions;
using Caur.Pacman;
using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

/// <summary>What a package folder's files tell of the build without running anything of them. Where a version stands in the PKGBUILD, and
/// nothing of the folder can change it, no container is needed to see that it is published.</summary>
internal static partial class StaticRecipe
{
    private const int MaxRecipe = 1 << 20;

    /// <summary>The files that may change a version, or decide against a build.</summary>
    private static readonly string[] Interfering = ["prepare", "interfere.patch", "PKGBUILD.prepend", "PKGBUILD.append"];

    /// <summary>The archives that the order would make, without their compression, if the target repository has all of them.</summary>
    /// <param name="folder">The package folder, as it was committed.</param>
    /// <param name="order">What is to be built, and what is published of it.</param>
    /// <returns>Null when something is missing there, or when only a container can tell.</returns>
    public static IReadOnlyList<string>? AlreadyPublished(string folder, BuildOrder order)
    {
        if (order.Published.Count == 0
            || Interfering.Any(name => Text(Path.Combine(folder, ".CI", name)) is not { Length: 0 })
            || Text(Path.Combine(folder, "PKGBUILD")) is not { Length: > 0 } recipe
            || Text(Path.Combine(folder, ".SRCINFO")) is not { Length: > 0 } told
            || Srcinfo.Parse(told).Value is not { } srcinfo
            || !Agrees(recipe, srcinfo))
        {
            return null;
        }

        var version = PackageBump.TryParse(order.PackageBump, out var bump) ? bump.Apply(srcinfo.Version) : srcinfo.Version;
        var published = order.Published
            .Select(name => PackageFileName.TryParse(name, out var file) ? file : default(PackageFileName?))
            .OfType<PackageFileName>().Select(Key).ToHashSet(StringComparer.Ordinal);
        List<string> wanted =
        [
            .. srcinfo.Packages.Where(package => package.SupportsArchitecture(order.Arch))
                .Select(package => $"{package.Name}-{version}-{(package.Architectures.Contains("any") ? "any" : order.Arch)}"),
        ];
        return wanted.Count > 0 && wanted.TrueForAll(published.Contains) ? wanted : null;
    }

    private static string Key(PackageFileName file) => $"{file.Name}-{file.Version}-{file.Architecture}";

    /// <summary>Whether the PKGBUILD says in plain words what the .SRCINFO says. One that computes its version, or says it twice, is for
    /// bash to read; a .SRCINFO that is older than the PKGBUILD counts for nothing.</summary>
    private static bool Agrees(string recipe, Srcinfo srcinfo)
    {
        var version = srcinfo.Version;
        return !PkgverFunction().IsMatch(recipe)
            && Word(recipe, "pkgver") == version.PkgVer
            && Word(recipe, "pkgrel") == version.PkgRel
            && (Word(recipe, "epoch") ?? "0") == version.Epoch.ToString(System.Globalization.CultureInfo.InvariantCulture)
            && Words(recipe, "pkgname").SetEquals(srcinfo.Packages.Select(package => package.Name.ToString()))
            && Words(recipe, "arch").SetEquals(srcinfo.Architectures);
    }

    /// <summary>The one plain value that a variable is set to; null when there is none, "" when it is not plain or not the only one.</summary>
    private static string? Word(string recipe, string name)
    {
        var all = Assignments(recipe, name);
        return all.Count == 0 ? null : all.Count == 1 && Plain().Match(all[0]) is { Success: true } plain ? Unquoted(plain.Groups[1].Value) : "";
    }

    /// <summary>The plain words of the one array, or the one word, that a variable is set to at a line's begin; a package function has its
    /// own indented ones.</summary>
    private static HashSet<string> Words(string recipe, string name)
    {
        var arrays = Regex.Matches(recipe, $@"^{name}\+?=(\([^)]*\)|.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant);
        if (arrays.Count != 1 || arrays[0].Value.Contains("+=", StringComparison.Ordinal))
        {
            return [];
        }

        var text = arrays[0].Groups[1].Value;
        var words = text.StartsWith('(') ? text[1..].TrimEnd().TrimEnd(')') : Plain().Match(text) is { Success: true } plain ? plain.Groups[1].Value : "$";
        return words.AsSpan().ContainsAny("$`#\\{")
            ? []
            : [.. words.Split([' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Select(Unquoted)];
    }

    private static List<string> Assignments(string recipe, string name) =>
        [.. Regex.Matches(recipe, $@"(?:^|[\s;&|({{]){name}\+?=(.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant).Select(match => match.Groups[1].Value)];

    private static string Unquoted(string word) =>
        word.Length >= 2 && word[0] is '"' or '\'' && word[^1] == word[0] ? word[1..^1] : word;

    /// <summary>A file's text; empty when there is none, null when it is no plain text of a sensible size.</summary>
    private static string? Text(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists && file.LinkTarget is null)
        {
            return "";
        }

        return file.LinkTarget is null && file.Length <= MaxRecipe ? Encoding.UTF8.GetString(File.ReadAllBytes(path)) : null;
    }

    [GeneratedRegex(@"\bpkgver\s*\(|\bfunction\s+pkgver\b", RegexOptions.CultureInvariant)]
    private static partial Regex PkgverFunction();

    // One word, perhaps in quotes, and at most a comment behind it.
    [GeneratedRegex(@"^(""[\w.+~:@-]*""|'[\w.+~:@-]*'|[\w.+~:@-]+)\s*(?:\s#.*)?\r?$", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
