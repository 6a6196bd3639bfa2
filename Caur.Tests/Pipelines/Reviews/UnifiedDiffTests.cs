using System.Text;
using Caur.Pipelines.Changes;
using Caur.Pipelines.Reviews;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Reviews;

public sealed class UnifiedDiffTests
{
    [Fact]
    public async Task Of_WhenGitAppliesIt_GivesTheNewFolder()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(20260101);
        var lines = Enumerable.Range(0, 60).Select(i => $"line {i}").ToList();
        var changed = lines.Where(_ => random.Next(6) != 0).SelectMany(line => random.Next(6) == 0 ? (string[])[line, "new"] : [line]).ToList();
        var old = FolderTree.Of(("PKGBUILD", string.Join('\n', lines) + "\n"), ("gone", "a\n"), ("end", "a\nb"), ("same", "x"), ("empty", ""));
        var @new = FolderTree.Of(("PKGBUILD", string.Join('\n', changed) + "\n"), ("come/here", "b\n"), ("end", "a\nb\n"), ("same", "x"), ("quo\"te", "c\n"), ("empty", "no longer"));
        foreach (var (path, file) in old.Files)
        {
            await File.WriteAllBytesAsync(folder[path], file.Content.ToArray(), TestContext.Current.CancellationToken);
        }

        await File.WriteAllTextAsync(folder["the.diff"], UnifiedDiff.Of(old, @new), TestContext.Current.CancellationToken);
        var applied = await Processes.RunAsync("git", ["apply", "the.diff"], folder: folder.Path);
        applied.ExitCode.ShouldBe(0, applied.ToString());
        File.Delete(folder["the.diff"]);
        var there = Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).ToDictionary(path => Path.GetRelativePath(folder.Path, path), File.ReadAllText);
        there.ShouldBe(@new.Files.ToDictionary(file => file.Key, file => Encoding.UTF8.GetString(file.Value.Content.Span)), ignoreOrder: true);
    }

    [Fact]
    public void Of_WhenAFileIsNoText_SaysSo()
    {
        var diff = UnifiedDiff.Of(FolderTree.Empty, new FolderTree([KeyValuePair.Create("x", new FolderFile(FileKind.Executable, new byte[] { 0, 1, 2 }))]));
        diff.ShouldContain("new file mode 100755\nBinary files differ: 0 bytes before, 3 bytes now\n");
    }

    [Fact]
    public void Of_WhenNothingDiffers_IsEmpty() => UnifiedDiff.Of(FolderTree.Of(("a", "b")), FolderTree.Of(("a", "b"))).ShouldBeEmpty();
}
