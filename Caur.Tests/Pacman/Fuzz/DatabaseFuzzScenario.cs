using System.Text;
using Caur.Pacman;
using Caur.Tests.Soak;

namespace Caur.Tests.Pacman.Fuzz;

/// <summary>Repository databases and their lists of files, damaged before and after they are compressed.</summary>
internal sealed class DatabaseFuzzScenario : FuzzScenario
{
    private static readonly CompressionFormat[] Formats = [CompressionFormat.None, CompressionFormat.None, CompressionFormat.Gzip, CompressionFormat.Zstd];

    private List<byte[]> _packed = [];

    public override string Name => "fuzz-database";

    protected override int Inputs => 30_000;

    protected override async Task<IReadOnlyList<byte[]>> SamplesAsync(SoakRound round)
    {
        var entries = new List<RepositoryEntry>();
        foreach (var package in (TestPackage[])[new("a"), new("b", "1:2-3") { Base = "a", Info = "depend = c\nprovides = d=1" }, new(new string('n', 120)) { Arch = "any" }])
        {
            entries.Add((await RepositoryEntry.FromArchiveAsync(new MemoryStream(package.Build()), package.FileName, cancellationToken: round.Cancelled)).GetRequired());
        }

        var database = RepositoryDatabase.Empty.With(entries, []);
        var old = new RawTar().Folder("a-1-1/").File("a-1-1/desc", "%FILENAME%\na.pkg.tar\n\n%NAME%\na\n\n%VERSION%\n1-1\n\n%NEW%\nx\ny\n\n")
            .File("a-1-1/depends", "%DEPENDS%\nb\n\n").Pax("path", "c-1-1/desc").File("x", "%FILENAME%\nc.pkg.tar\n\n%NAME%\nc\n\n%VERSION%\n1-1\n").End();
        List<byte[]> samples =
        [
            await ReferenceRepository.WriteAsync(database, DatabaseKind.Packages, CompressionFormat.None),
            await ReferenceRepository.WriteAsync(database, DatabaseKind.Files, CompressionFormat.None),
            old,
        ];
        _packed =
        [
            .. samples,
            await ReferenceRepository.WriteAsync(database, DatabaseKind.Files, CompressionFormat.Gzip),
            await ReferenceRepository.WriteAsync(database, DatabaseKind.Files, CompressionFormat.Zstd),
        ];
        return samples;
    }

    protected override byte[] Mutate(IReadOnlyList<byte[]> samples, Random random) => random.Next(4) == 0
        ? Mutation.Bytes(_packed, random)
        : Pack(Mutation.Tar(samples, random), Formats[random.Next(Formats.Length)]);

    protected override FormatError? Read(byte[] input)
    {
        var result = FormatFaultException.Catch(() => new DatabaseReader(Limits, CancellationToken.None).Read(new MemoryStream(input), new MemoryStream(input)));
        if (result.Value is not { } entries)
        {
            return result.Error;
        }

        // What was accepted is whole: every field can be read, and what is written of it reads back as the same.
        var database = RepositoryDatabase.Empty.With(entries, []);
        database.Count.ShouldBe(entries.Count);
        foreach (var entry in database)
        {
            var fields = entry.ReadDescription();
            fields.Name.ShouldBe(entry.Name.ToString());
            fields.Version.ShouldBe(entry.Version.ToString());
            fields.FileName.ShouldBe(entry.FileName);
            _ = (fields.BuildDate, fields.Depends, fields.Conflicts, entry.ReadFileNames());
        }

        using var packages = new MemoryStream();
        using var files = new MemoryStream();
        Write(database, DatabaseKind.Packages, packages);
        Write(database, DatabaseKind.Files, files);
        var again = new DatabaseReader(ArchiveLimits.Database, CancellationToken.None).Read(packages, files);
        again.Select(Content).ShouldBe(database.Select(Content));
        return null;
    }

    private static (string Desc, string? Files) Content(RepositoryEntry entry) =>
        (Encoding.UTF8.GetString(entry.Desc.Span), entry.ReadFilesText() is { } text ? Encoding.UTF8.GetString(text.Span) : null);

    private static void Write(RepositoryDatabase database, DatabaseKind kind, MemoryStream output)
    {
        // On this thread, so that its memory counts.
        foreach (var entry in database.Where(entry => kind == DatabaseKind.Packages || entry.HasFiles))
        {
            var chunk = new ArchiveChunk(new[] { entry }, kind);
            output.Write(chunk.Compressed(CompressionFormat.None).Bytes);
        }

        output.Write(TarWriter.End);
        output.Position = 0;
    }
}
