using System.Formats.Tar;
using Caur.Builder.Sources;

namespace Caur.Tests.Builder.Sources;

public sealed class FolderExtractorTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ExtractAsync_WhenALinkAndAFolderShareAName_RefusesAndWritesNothingOutside()
    {
        var destination = Directory.CreateDirectory(Path.Combine(_folder.Path, "deep", "src")).FullName;
        using var tar = Tar(
            Link("pkg/d/l", ".."), Folder("pkg/d/l/"), Link("pkg/d/l/m", "../.."), Folder("pkg/d/l/m/"), File("pkg/d/l/m/outside"));

        await Should.ThrowAsync<UnsafeEntryException>(
            () => FolderExtractor.ExtractAsync(tar, "pkg", destination, TestContext.Current.CancellationToken));

        Directory.EnumerateFiles(_folder.Path, "outside", SearchOption.AllDirectories)
            .ShouldAllBe(file => file.StartsWith(destination + "/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ExtractAsync_WhenALinkStaysInside_KeepsIt()
    {
        var destination = Directory.CreateDirectory(Path.Combine(_folder.Path, "src")).FullName;
        using var tar = Tar(Link("pkg/a/link", "../file"), File("pkg/file"));

        await FolderExtractor.ExtractAsync(tar, "pkg", destination, TestContext.Current.CancellationToken);

        (await System.IO.File.ReadAllTextAsync(Path.Combine(destination, "a", "link"), TestContext.Current.CancellationToken)).ShouldBe("text");
    }

    private static MemoryStream Tar(params TarEntry[] entries)
    {
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                writer.WriteEntry(entry);
            }
        }

        tar.Position = 0;
        return tar;
    }

    private static PaxTarEntry Link(string name, string target) => new(TarEntryType.SymbolicLink, name) { LinkName = target };

    private static PaxTarEntry Folder(string name) => new(TarEntryType.Directory, name);

    private static PaxTarEntry File(string name) => new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream("text"u8.ToArray()) };
}
