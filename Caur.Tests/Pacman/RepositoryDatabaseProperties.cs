using System.Text;
using Caur.Pacman;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Pacman;

/// <summary>What holds for any database and any changes.</summary>
public sealed class RepositoryDatabaseProperties
{
    private static readonly Gen<string> Name =
        from first in Gen.Elements("a", "b", "Z", "_", "+", "@", "9")
        from rest in Gen.ListOf(Gen.Elements("a", "-", ".", "+", "_", "@", "B", "1")).Resize(4)
        select first + string.Concat(rest);

    private static readonly Gen<string> Version =
        from epoch in Gen.Elements("", "", "1:", "20:")
        from pkgver in Gen.Elements("1", "1.0", "r12.gabc", "2_b+c~d")
        from pkgrel in Gen.Elements("1", "2", "1.3")
        select $"{epoch}{pkgver}-{pkgrel}";

    private static readonly Gen<string> Words = Gen.Elements("plain", "two words", "é 日本 \U0001F4E6", "100% = all", "%NAME%", "x=", "\\");

    private static readonly Gen<RepositoryEntry> Entry =
        from name in Name
        from version in Version
        from words in Words
        from length in Gen.Frequency((20, Gen.Choose(0, 3000)), (1, Gen.Choose(30_000, 90_000)))
        select Make(name, version, words, length);

    private static readonly Gen<List<Change>> Changes = Gen.ListOf(
        from added in Gen.ListOf(Entry).Resize(12)
        from removed in Gen.ListOf(Name).Resize(4)
        select new Change([.. added], [.. removed.Select(PackageName.Parse)])).Resize(6).Select(changes => changes.ToList());

    [Fact]
    public async Task Write_WhenReadAgain_IsTheSameDatabase() => await CheckAsync(async (changes, format) =>
    {
        var model = new SortedDictionary<string, RepositoryEntry>(StringComparer.Ordinal);
        var database = RepositoryDatabase.Empty;
        foreach (var change in changes)
        {
            database = database.With(change.Added, change.Removed);
            change.Removed.ForEach(name => model.Remove(name.ToString()));
            change.Added.ForEach(entry => model[entry.Name.ToString()] = entry);
            var packages = await ReferenceRepository.WriteAsync(database, DatabaseKind.Packages, format);
            var files = await ReferenceRepository.WriteAsync(database, DatabaseKind.Files, format);
            var read = (await RepositoryDatabase.ReadAsync(new MemoryStream(packages), new MemoryStream(files))).GetRequired();

            read.Select(Content).ShouldBe(model.Values.Select(Content));
            database.Select(Content).ShouldBe(model.Values.Select(Content));
            (await ReferenceRepository.WriteAsync(read, DatabaseKind.Packages, format)).ShouldBe(packages);
            (await ReferenceRepository.WriteAsync(read, DatabaseKind.Files, format)).ShouldBe(files);
            foreach (var entry in model.Values)
            {
                read.Find(entry.Name)!.Version.ShouldBe(entry.Version);
            }
        }
    });

    /// <summary>Runs generated histories from a fixed seed, so that a failure can be had again.</summary>
    private static async Task CheckAsync(Func<List<Change>, CompressionFormat, Task> property)
    {
        const ulong Seed = 42;
        var number = 0;
        CompressionFormat[] formats = [CompressionFormat.Gzip, CompressionFormat.Zstd, CompressionFormat.None];
        foreach (var changes in Gen.Sample(Changes, 60, new Rnd(Seed), 20))
        {
            await property(changes, formats[number++ % formats.Length]);
        }
    }

    private static (string Desc, string? Files) Content(RepositoryEntry entry) =>
        (Encoding.UTF8.GetString(entry.Desc.Span), entry.ReadFilesText() is { } text ? Encoding.UTF8.GetString(text.Span) : null);

    private static RepositoryEntry Make(string name, string version, string words, int length)
    {
        var desc = $"%FILENAME%\nfile.pkg.tar.zst\n\n%NAME%\n{name}\n\n%VERSION%\n{version}\n\n%DESC%\n{words}\n\n%BUILDDATE%\n{length}\n\n";
        var files = new StringBuilder("%FILES%\n");
        for (var i = 0; files.Length < length; i++)
        {
            files.Append("usr/share/").Append(name).Append('/').Append(i * 7919 % 65537).Append('\n');
        }

        return RepositoryEntry.FromDatabase(
            Encoding.UTF8.GetBytes(desc), length % 10 == 3 ? null : FileListSource.Pack(Encoding.UTF8.GetBytes(files.ToString())));
    }

    private sealed record Change(List<RepositoryEntry> Added, List<PackageName> Removed);
}
