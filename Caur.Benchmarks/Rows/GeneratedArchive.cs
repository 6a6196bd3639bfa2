using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Caur.Pacman;
using Caur.Storage.Repositories;

namespace Caur.Benchmarks.Rows;

/// <summary>A package archive with the fields and the list of files of a common small package.</summary>
/// <param name="Number">Which of many.</param>
/// <param name="Version">Its version.</param>
internal sealed record GeneratedArchive(int Number, string Version)
{
    public string Name => string.Create(CultureInfo.InvariantCulture, $"{"abcdefghijklmnopqrstuvwxyz"[Number * 7 % 26]}-package-{Number}");

    public string FileName => $"{Name}-{Version}-x86_64.pkg.tar.zst";

    /// <summary>As an entry of a database, signed by nobody.</summary>
    public async Task<RepositoryEntry> ToEntryAsync(CancellationToken cancellationToken) =>
        (await RepositoryEntry.FromArchiveAsync(new MemoryStream(ToBytes()), FileName, cancellationToken: cancellationToken)).Value!;

    /// <summary>Writes it.</summary>
    public async Task<OfferedArchive> WriteAsync(string folder, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, FileName);
        var bytes = ToBytes();
        await File.WriteAllBytesAsync(path, bytes, cancellationToken);
        return new OfferedArchive(path, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    private byte[] ToBytes()
    {
        using var packed = new MemoryStream();
        using (var zstd = new ZstdStream(packed, CompressionMode.Compress, leaveOpen: true))
        using (var tar = new System.Formats.Tar.TarWriter(zstd, TarEntryFormat.Pax, leaveOpen: true))
        {
            Add(tar, ".PKGINFO", string.Create(CultureInfo.InvariantCulture, $"""
                pkgname = {Name}
                pkgbase = {Name}
                pkgver = {Version}
                pkgdesc = Package number {Number}, with a description of a common length
                url = https://example.org/projects/{Name}
                builddate = {1_700_000_000 + Number}
                packager = Some One <some.one@example.org>
                size = {1000 + (Number * 31)}
                arch = x86_64
                license = GPL-3.0-or-later
                depend = glibc
                depend = lib-{Number % 97}.so=1-64
                depend = python>=3.{Number % 14}
                optdepend = tool-{Number % 13}: for something
                makedepend = git
                makedepend = cmake

                """));
            foreach (var folder in (string[])["usr/", "usr/bin/", "usr/share/", $"usr/share/{Name}/", "usr/share/licenses/", $"usr/share/licenses/{Name}/"])
            {
                Add(tar, folder, null);
            }

            Add(tar, $"usr/bin/{Name}", Name);
            Add(tar, $"usr/share/licenses/{Name}/LICENSE", "text");
            for (var i = 0; i < 5 + (Number % 40); i++)
            {
                Add(tar, string.Create(CultureInfo.InvariantCulture, $"usr/share/{Name}/file-{i}.dat"), "content");
            }
        }

        return packed.ToArray();
    }

    private void Add(System.Formats.Tar.TarWriter tar, string name, string? content)
    {
        var entry = new PaxTarEntry(content is null ? TarEntryType.Directory : TarEntryType.RegularFile, name)
        {
            ModificationTime = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000 + Number),
            Mode = (UnixFileMode)(content is null ? 0b111_101_101 : 0b110_100_100),
        };
        if (content is not null)
        {
            entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content));
        }

        tar.WriteEntry(entry);
    }
}
