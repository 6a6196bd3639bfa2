using System.Formats.Tar;
using Caur.Pacman;
using Caur.Tests.Soak;

namespace Caur.Tests.Pacman.Fuzz;

/// <summary>Package archives, damaged before and after they are compressed.</summary>
internal sealed class ArchiveFuzzScenario : FuzzScenario
{
    private static readonly CompressionFormat[] Formats = [CompressionFormat.None, CompressionFormat.None, CompressionFormat.Gzip, CompressionFormat.Zstd];

    private List<byte[]> _packed = [];

    public override string Name => "fuzz-archive";

    protected override int Inputs => 40_000;

    protected override async Task<IReadOnlyList<byte[]>> SamplesAsync(SoakRound round)
    {
        var samples = new List<byte[]>();
        foreach (var format in (TarEntryFormat[])[TarEntryFormat.Ustar, TarEntryFormat.Pax, TarEntryFormat.Gnu])
        {
            string[] odd = format == TarEntryFormat.Ustar ? [] : [new string('n', 150) + "/" + new string('m', 120), "usr/é日本"];
            samples.Add(new TestPackage("a")
            {
                Format = format,
                Compression = CompressionFormat.None,
                Files = ["usr/", "usr/bin/", "usr/bin/tool", "usr/a\tb\\c", .. odd],
                Info = "depend = b>=1:2-3\noptdepend = c: for d\nlicense = MIT",
            }.Build());
        }

        samples.Add(RawTar.WithInfo().Pax("comment", "x", 'g').Link("usr/link").Link("usr/hard", '1').File("usr/f", new byte[1500]).End());
        _packed = [.. samples, .. samples.Select(sample => Pack(sample, CompressionFormat.Gzip)), .. samples.Select(sample => Pack(sample, CompressionFormat.Zstd))];
        var xz = await new TestPackage("a") { Compression = CompressionFormat.Xz }.WriteAsync(round.Folder);
        _packed.Add(await File.ReadAllBytesAsync(xz, round.Cancelled));
        return samples;
    }

    protected override byte[] Mutate(IReadOnlyList<byte[]> samples, Random random) => random.Next(4) == 0
        ? Mutation.Bytes(_packed, random)
        : Pack(Mutation.Tar(samples, random), Formats[random.Next(Formats.Length)]);

    protected override FormatError? Read(byte[] input)
    {
        var result = PackageArchive.Read(new MemoryStream(input), PackageParts.Files | PackageParts.BuildInfo, Limits);
        if (result.Value is not { } contents)
        {
            // Who wants only .PKGINFO reads less, and must not stumble over what it reads.
            _ = PackageArchive.ReadInfo(new MemoryStream(input), Limits);
            return result.Error;
        }

        contents.Files!.Names.ShouldBeUnique();
        contents.Files.Names.ShouldAllBe(name => !name.StartsWith('/') && !name.Split('/', StringSplitOptions.None).Contains(".."));
        var info = PackageArchive.ReadInfo(new MemoryStream(input), Limits).GetRequired();
        info.Name.ShouldBe(contents.Info.Name);

        // What is made of it is a desc that reads back as the same package.
        var desc = DescText.Write(contents.Info, new ArchiveDigest(1, "0", "0"), "a-1-1-any.pkg.tar", []);
        var entry = RepositoryEntry.FromDatabase(desc, null);
        entry.Name.ShouldBe(info.Name);
        entry.Version.ShouldBe(info.Version);
        return null;
    }
}
