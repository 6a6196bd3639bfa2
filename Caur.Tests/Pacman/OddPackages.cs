using System.Formats.Tar;
using System.Text;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>Packages with the oddities that packages have, at random.</summary>
internal static class OddPackages
{
    /// <summary>Few and alike, so that they meet in one database.</summary>
    public static readonly string[] Names =
        ["a", "a-b", "a-1", "a-1-1", "a+", "a.b", "a_b", "a@b", "A", "ab", "lib32-a", "_a", "9a", "a-git", "libx++", "z-" + new string('n', 150)];

    private static readonly string[] Versions =
        ["1-1", "1.0-1", "1.0-2", "1.0-1.1", "2:0.1-1", "10:3_a+b~c-2", "r12.gabcdef-1", "1.0.a-1", "01-1", "1-10"];

    private static readonly string[] Pieces =
    [
        "word", "two words", " ", "  ", "\t", "=", "==", "a=b", "é", "日本", "\U0001F4E6", "\u00a0", "\u3000", "\u2003", "\u2028", "\u0085", "\u200b", "\u202e", "\f", "\v",
        "%NAME%", "%", "\\", "\\n", "'", "\"", "$HOME", "`id`", "*", "#", "<tag>", "C:\\x", "-n", "100%", "%s", "\u001b[1m", "x ", new string('l', 200),
    ];

    private static readonly string[] Lists = ["license", "group", "backup", "xdata"];

    private static readonly string[] Depends = ["depend", "optdepend", "makedepend", "checkdepend", "provides", "conflict", "replaces"];

    private static readonly string[] Dependencies = ["b", "b>=1:2-3", "libx.so=1-64", "c<2", "d: for é", "e=1", "f: a = b", "g:"];

    private static readonly string[] Files =
    [
        "usr/", "usr/bin/", "usr/bin/x", "usr/a b", "usr/a\tb", "usr/b\\c", "usr/é", "usr/日本/", "usr/.hidden", ".INSTALL", ".hidden/x", "./opt/", "opt/\u00ad", "etc/x=y",
        "usr/" + new string('f', 160), "usr/" + new string('g', 90) + "/" + new string('h', 90),
    ];

    public static TestPackage Next(Random random)
    {
        var format = Pick([TarEntryFormat.Pax, TarEntryFormat.Gnu, TarEntryFormat.Ustar], random);
        var files = Some(Files, random).Where(file => format != TarEntryFormat.Ustar || (file.Length < 100 && Ascii.IsValid(file)));
        return new TestPackage(Pick(Names, random), Pick(Versions, random))
        {
            Base = random.Next(2) == 0 ? Pick(Names, random) : null,
            Arch = Pick(["any", "x86_64"], random),
            Format = format,
            Compression = Pick([CompressionFormat.None, CompressionFormat.Gzip, CompressionFormat.Zstd], random),
            Files = [.. files],
            Info = Info(random),
        };
    }

    private static string Info(Random random)
    {
        var lines = new List<string>();
        foreach (var key in (string[])["pkgdesc", "url", "packager"])
        {
            lines.Add($"{key} = {string.Concat(Some(Pieces, random))}");
        }

        // Never empty: for an empty value in a list repo-add writes an empty line, which ends the list for every reader.
        lines.AddRange(Some(Lists, random).Select(key => $"{key} = v{string.Concat(Some(Pieces, random))}"));
        lines.AddRange(Some(Depends, random).Concat(Some(Depends, random)).Select(key => $"{key} = {Pick(Dependencies, random)}"));
        return string.Join('\n', lines);
    }

    private static List<string> Some(string[] all, Random random)
    {
        var some = new List<string>();
        for (var left = random.Next(6); left > 0; left--)
        {
            some.Add(Pick(all, random));
        }

        return some;
    }

    private static T Pick<T>(T[] all, Random random) => all[random.Next(all.Length)];
}
