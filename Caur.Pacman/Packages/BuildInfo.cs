namespace Caur.Pacman;

/// <summary>The .BUILDINFO of a package archive: where and with what it was built (BUILDINFO(5)).</summary>
public sealed class BuildInfo
{
    private readonly KeyValueText _text;

    private BuildInfo(KeyValueText text) => _text = text;

    /// <summary>What was installed during the build, as <c>name-version-arch</c>.</summary>
    public IReadOnlyList<string> Installed => Values("installed");

    /// <summary>The SHA-256 of the PKGBUILD in hexadecimal; empty when it is not written.</summary>
    public string PkgbuildSha256 => Values("pkgbuild_sha256sum") is [.., var sum] ? sum : string.Empty;

    /// <summary>All values of a key, without empty ones.</summary>
    public IReadOnlyList<string> Values(string key) => _text.Values(key);

    internal static BuildInfo Read(ReadOnlySpan<byte> utf8) => new(KeyValueText.Parse(utf8, ".BUILDINFO"));
}
