using System.Globalization;
using System.Text;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>Whatever happens to the bytes, a reader answers with a value or a named fault, never with another exception.</summary>
public sealed class DamagedInputTests
{
    private const int Rounds = 400;

    private static readonly ArchiveLimits Limits = new() { MaxUnpackedBytes = 16 << 20, MaxFileListBytes = 1 << 20 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(CompressionFormat.None)]
    [InlineData(CompressionFormat.Gzip)]
    [InlineData(CompressionFormat.Zstd)]
    [InlineData(CompressionFormat.Xz)]
    public async Task PackageArchive_WhenDamaged_Answers(CompressionFormat compression)
    {
        using var folder = new TempFolder();
        var path = await new TestPackage("a") { Compression = compression, Files = [new string('n', 150), "usr/", "usr/x"] }.WriteAsync(folder.Path);
        var whole = await File.ReadAllBytesAsync(path, Cancel);
        PackageArchive.ListFiles(new MemoryStream(whole), Limits, Cancel).IsValid.ShouldBeTrue();
        ShouldAnswer(whole, bytes => PackageArchive.Read(new MemoryStream(bytes), PackageParts.Files | PackageParts.BuildInfo, Limits, Cancel).Error);
    }

    [Theory]
    [InlineData(CompressionFormat.None)]
    [InlineData(CompressionFormat.Gzip)]
    [InlineData(CompressionFormat.Zstd)]
    public async Task RepositoryDatabase_WhenDamaged_Answers(CompressionFormat format)
    {
        var entry = (await RepositoryEntry.FromArchiveAsync(
            new MemoryStream(new TestPackage("a").Build()), "a-1.0-1-any.pkg.tar.zst", cancellationToken: Cancel)).GetRequired();
        var whole = await ReferenceRepository.WriteAsync(RepositoryDatabase.Empty.With([entry], []), DatabaseKind.Files, format);
        var random = new Random(7);
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Damage(whole, random);
            var result = await RepositoryDatabase.ReadAsync(new MemoryStream(bytes), new MemoryStream(bytes), Limits, Cancel);
            (result.IsValid || result.Error.Message.Length > 0).ShouldBeTrue();
        }
    }

    [Fact]
    public void Texts_WhenDamaged_Answer()
    {
        var info = Encoding.UTF8.GetBytes(new TestPackage("a") { Info = "depend = b>=1\noptdepend = c: d" }.PkgInfo);
        ShouldAnswer(info, bytes => PackageInfo.Parse(bytes).Error);
        var srcinfo = "pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\n\tepoch = 2\n\tdepends = b>=1\n\narch = any\npkgname = a\n\tdepends = \n"u8.ToArray();
        ShouldAnswer(srcinfo, bytes => Srcinfo.Parse(bytes).Error);
    }

    private static void ShouldAnswer(byte[] whole, Func<byte[], FormatError?> read)
    {
        var random = new Random(7);
        var refused = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Damage(whole, random);
            try
            {
                refused += read(bytes) is null ? 0 : 1;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException(
                    string.Create(CultureInfo.InvariantCulture, $"round {round}: {Convert.ToBase64String(bytes)}"), error);
            }
        }

        refused.ShouldBeGreaterThan(Rounds / 20);
    }

    /// <summary>Changes, removes, repeats or cuts some bytes, more often near the start, where headers are.</summary>
    private static byte[] Damage(byte[] whole, Random random)
    {
        var bytes = whole.ToList();
        for (var changes = random.Next(1, 4); changes > 0 && bytes.Count > 2; changes--)
        {
            var at = random.Next(random.Next(1, bytes.Count));
            var length = Math.Min(random.Next(1, 20), bytes.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                default:
                    bytes.RemoveRange(at + 1, bytes.Count - at - 1);
                    break;
            }
        }

        return [.. bytes];
    }
}
