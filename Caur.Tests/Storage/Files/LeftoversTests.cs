using Caur.Silo.Hub;
using Caur.Storage.Files;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Storage.Files;

/// <summary>What a crash leaves of files that were being written.</summary>
public sealed class LeftoversTests : IDisposable
{
    private static readonly DateTime LongAgo = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_AfterACrash_RemovesWhatWasBeingWrittenAndNothingElse()
    {
        var folders = DataFolders.Resolve(_folder["data"]);
        folders.Create();
        var attempt = Directory.CreateDirectory(Path.Combine(folders.Landing, "farm%2Fx86_64%2Fa%2F1", "1")).FullName;
        string[] names = [Path.Combine(folders.Root, "audit.log"), Path.Combine(attempt, "a-1-1-any.pkg.tar.zst"), Path.Combine(folders.Archive, "a-1-1-any.pkg.tar.zst")];
        var (old, kept) = (names.Select(AtomicFile.NewTemporary).ToList(), names.ToList());
        kept.AddRange(names.Select(name => Path.Combine(Path.GetDirectoryName(name)!, ".caur-notes.tmp")));
        foreach (var file in old.Concat(kept))
        {
            await WriteAsync(file, LongAgo);
        }

        var young = AtomicFile.NewTemporary(names[0]);
        await WriteAsync(young, null);

        await using (var app = QuietHub.Build(new HubSettings { DataFolder = folders.Root, WebPort = 0, RunAgent = false, Variable = Variable }))
        {
            old.Where(File.Exists).ShouldBeEmpty();
            kept.Append(young).ShouldAllBe(file => File.Exists(file));
        }
    }

    private static string? Variable(string name) => name switch
    {
        "PACKAGE_REPOS" => """{"packages":{"url":"https://example.org/packages.git"}}""",
        "PACKAGE_TARGET_REPOS" => """{"farm":{}}""",
        _ => null,
    };

    private static async Task WriteAsync(string file, DateTime? written)
    {
        await File.WriteAllTextAsync(file, "half", TestContext.Current.CancellationToken);
        if (written is { } time)
        {
            File.SetLastWriteTimeUtc(file, time);
        }
    }
}
