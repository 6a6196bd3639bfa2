using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Caur.Pacman;

namespace Caur.Pipelines.Reading;

/// <summary>What can be seen of a PKGBUILD without running it: the parts of its version that stand in it as plain text, once, and outside
/// of functions and conditions. It is a bash script, so most can only be known by running it, and nothing is run here.</summary>
/// <param name="Problem">Why the folder cannot be built; null when this file does not stand in the way.</param>
/// <param name="Epoch">Null when it cannot be seen; 0 when none is set.</param>
/// <param name="PkgVer">Null when it cannot be seen.</param>
/// <param name="PkgRel">Null when it cannot be seen.</param>
internal sealed partial record PkgbuildFile(string? Problem, int? Epoch, string? PkgVer, string? PkgRel)
{
    /// <summary>The largest that is looked into, in bytes; no PKGBUILD is a tenth of it.</summary>
    public const int MaxSize = 4 << 20;

    /// <summary>It was not looked into.</summary>
    public static PkgbuildFile Unknown { get; } = new(null, null, null, null);

    public static PkgbuildFile TooLarge { get; } = new($"its PKGBUILD is larger than {MaxSize >> 20} MiB", null, null, null);

    public static PkgbuildFile NoFile { get; } = new("its PKGBUILD is no plain file; links and submodules are not followed", null, null, null);

    public static PkgbuildFile Read(ReadOnlySpan<byte> utf8)
    {
        string? pkgver = null, pkgrel = null, epoch = null;
        var (versions, releases, epochs) = (0, 0, 0);
        var text = Encoding.UTF8.GetString(utf8);
        foreach (var match in Assignment().EnumerateMatches(text))
        {
            var line = text.AsSpan(match.Index, match.Length);
            var name = line[..line.IndexOf('=')].TrimEnd('+');
            var value = IsAtStart(text, match.Index) ? Literal(text, match.Index + match.Length) : null;
            switch (name)
            {
                case "pkgver":
                    (pkgver, versions) = (value, versions + 1);
                    break;
                case "pkgrel":
                    (pkgrel, releases) = (value, releases + 1);
                    break;
                default:
                    (epoch, epochs) = (value, epochs + 1);
                    break;
            }
        }

        return new PkgbuildFile(
            null,
            epochs == 0 ? 0 : epochs == 1 && int.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
            versions == 1 ? pkgver : null,
            releases == 1 ? pkgrel : null);
    }

    /// <summary>What a .SRCINFO says otherwise, and what to do; null when nothing is known to be.</summary>
    public string? Contradiction(Srcinfo srcinfo)
    {
        var version = srcinfo.Version;
        var (name, there, here) =
            PkgVer is not null && PkgVer != version.PkgVer ? ("pkgver", version.PkgVer, PkgVer)
            : PkgRel is not null && PkgRel != version.PkgRel ? ("pkgrel", version.PkgRel, PkgRel)

            // Without a version that can be seen, the file may get its epoch from wherever it gets that.
            : PkgVer is not null && Epoch is { } epoch && epoch != version.Epoch ? ("epoch", $"{version.Epoch}", $"{epoch}")
            : ("", null, "");
        return name.Length == 0 ? null
            : $"its .SRCINFO is stale: it says {name} {there}, and its PKGBUILD {here}; make it anew with: makepkg --printsrcinfo > .SRCINFO";
    }

    private static bool IsAtStart(string text, int at) => at == 0 || text[at - 1] == '\n';

    /// <summary>The word behind an assignment's sign, if it is plain text.</summary>
    private static string? Literal(string text, int at)
    {
        var match = Word().Match(text, at);
        return match.Success ? match.Groups["word"].Value : null;
    }

    /// <summary>Wherever it stands, also in a function; what is a part of a longer name (<c>_pkgver</c>) is none.</summary>
    [GeneratedRegex(@"(?<![\w$\{])(?:pkgver|pkgrel|epoch)\+?=", RegexOptions.CultureInvariant)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\G(?<quote>['""]?)(?<word>[A-Za-z0-9._+~:]+)\k<quote>[ \t]*(?:#[^\n]*)?(?:\r?\n|$)", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
