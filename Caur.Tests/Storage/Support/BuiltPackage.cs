using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Caur.Pacman;

namespace Caur.Tests.Storage.Support;

/// <summary>A package archive as makepkg makes one, with one file: <c>/usr/share/NAME</c>, which holds <see cref="Content"/>.</summary>
internal sealed record BuiltPackage(string Name, string Version = "1.0-1")
{
    public string? Pkgbase { get; init; }

    public string Arch { get; init; } = "x86_64";

    public string Content { get; init; } = "content";

    /// <summary>The text of its .BUILDINFO; null for none.</summary>
    public string? BuildInfo { get; init; }

    public string FileName => $"{Name}-{Version}-{Arch}.pkg.tar.zst";

    public (string Name, string Text) Info => (".PKGINFO", $"""
        pkgname = {Name}
        pkgbase = {Pkgbase ?? Name}
        pkgver = {Version}
        pkgdesc = The {Name} package
        builddate = 1700000000
        packager = Some One <some@example.org>
        size = {Content.Length}
        arch = {Arch}

        """);

    public byte[] ToArchive()
    {
        using var packed = new MemoryStream();
        using (var zstd = new ZstdStream(packed, CompressionMode.Compress, leaveOpen: true))
        using (var tar = new System.Formats.Tar.TarWriter(zstd, TarEntryFormat.Pax, leaveOpen: true))
        {
            Add(tar, Info.Name, Info.Text);
            if (BuildInfo is not null)
            {
                Add(tar, ".BUILDINFO", BuildInfo);
            }

            Add(tar, "usr/", null);
            Add(tar, "usr/share/", null);
            Add(tar, $"usr/share/{Name}", Content);
        }

        return packed.ToArray();
    }

    private static void Add(System.Formats.Tar.TarWriter tar, string name, string? content)
    {
        var entry = new PaxTarEntry(content is null ? TarEntryType.Directory : TarEntryType.RegularFile, name)
        {
            ModificationTime = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000),
            Mode = (UnixFileMode)(content is null ? 0b111_101_101 : 0b110_100_100),
        };
        if (content is not null)
        {
            entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content));
        }

        tar.WriteEntry(entry);
    }
}
