using System.Globalization;
using System.Text.RegularExpressions;
using Caur.Silo.Cli;

namespace Caur.Silo.Demo;

/// <summary>A new version of one of the samples, as its maintainer would commit it. It goes on from the one before: a version that an earlier
/// demo published is taken.</summary>
internal static partial class SampleRelease
{
    /// <summary>The folder that changes; another one depends on it, and is to stay as it is.</summary>
    public const string Pkgbase = "splitlib";

    /// <summary>A package of it that clients have.</summary>
    public const string Package = "libfoo";

    private static readonly string[] Files = ["PKGBUILD", ".SRCINFO"];

    /// <summary>The version in a repository's folder; null when there is none.</summary>
    public static string? Read(string repository)
    {
        var file = Path.Combine(repository, Pkgbase, "PKGBUILD");
        return File.Exists(file) && Pkgver().Match(File.ReadAllText(file)) is { Success: true } found ? found.Groups[2].Value : null;
    }

    /// <summary>The version with epoch and release, as pacman shows it.</summary>
    public static string Full(string repository)
    {
        var text = File.ReadAllText(Path.Combine(repository, Pkgbase, ".SRCINFO"));
        var srcinfo = Pacman.Srcinfo.Parse(text);
        return srcinfo.IsValid ? srcinfo.Value.Version.ToString() : throw new FarmException(ExitCodes.Failed, $"the .SRCINFO of {Pkgbase} cannot be read: {srcinfo.Error}");
    }

    /// <summary>Writes a version into the folder.</summary>
    public static void Write(string repository, string version)
    {
        var before = Read(repository);
        if (before is null || before == version)
        {
            return;
        }

        foreach (var path in Files.Select(file => Path.Combine(repository, Pkgbase, file)))
        {
            var text = Pkgver().Replace(File.ReadAllText(path), $"${{1}}{version}");

            // One half of the package wants exactly the other.
            File.WriteAllText(path, Regex.Replace(text, $@"(\d+:){Regex.Escape(before)}(?=-)", $"${{1}}{version}"));
        }
    }

    /// <summary>The version behind one: its last number is one more.</summary>
    public static string Next(string version)
    {
        var cut = version.LastIndexOf('.') + 1;
        return string.Create(CultureInfo.InvariantCulture, $"{version[..cut]}{int.Parse(version[cut..], NumberStyles.None, CultureInfo.InvariantCulture) + 1}");
    }

    [GeneratedRegex(@"^(\s*pkgver ?= ?)([0-9.]+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Pkgver();
}
