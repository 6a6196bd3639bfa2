using System.Runtime.Versioning;
using Caur.Storage.Repositories;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Repositories;

[SupportedOSPlatform("linux")]
public sealed class RepositoryFilesTests : IClassFixture<FarmKey>, IDisposable
{
    private readonly FarmKey _key;
    private readonly TestFarm _farm;
    private readonly RepositoryFiles _files;

    public RepositoryFilesTests(FarmKey key)
    {
        _key = key;
        _farm = new TestFarm(key.Gpg.Signer);
        _files = new RepositoryFiles(_farm.Root);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task Resolve_WhenADatabaseIsAskedFor_RedirectsIntoItsGeneration()
    {
        _files.Resolve("farm/x86_64/farm.db").Kind.ShouldBe(RepositoryFileKind.NotFound);
        await _farm.PublishAsync("foo", "1-1");

        foreach (var name in new[] { "farm.db", "farm.db.sig", "farm.db.tar.gz", "farm.files", "farm.files.sig", "farm.files.tar.gz.sig" })
        {
            _files.Resolve($"farm/x86_64/{name}").Location.ShouldBe($".gen/1/{name}");
            var file = _files.Resolve($"farm/x86_64/.gen/1/{name}");
            file.IsFile.ShouldBeTrue();
            new FileInfo(file.Path!).LinkTarget.ShouldBeNull();
        }

        _files.Resolve("farm/x86_64/foo-1-1-x86_64.pkg.tar.zst").IsFile.ShouldBeTrue();
        _files.Resolve("farm/x86_64/foo-1-1-x86_64.pkg.tar.zst.sig").IsFile.ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("farm")]
    [InlineData("farm/x86_64")]
    [InlineData("farm/x86_64/")]
    [InlineData("farm/x86_64/other.db")]
    [InlineData("farm/x86_64/../x86_64/secret")]
    [InlineData("../repos/farm/x86_64/farm.db")]
    [InlineData("farm/x86_64/.hidden")]
    [InlineData("farm/x86_64/.gen")]
    [InlineData("farm/x86_64/link")]
    [InlineData("farm/x86_64/.gen/1/generation.json")]
    [InlineData("farm/x86_64/.gen/1/../farm.db")]
    [InlineData("farm/x86_64/.gen/2/farm.db")]
    [InlineData("farm/x86_64/.gen/01/farm.db")]
    [InlineData("farm/x86_64/.gen/current/farm.db")]
    [InlineData("farm/x86_64//etc/passwd")]
    public async Task Resolve_WhenPathIsNoServedFile_FindsNothing(string path)
    {
        await _farm.PublishAsync("foo", "1-1");
        await File.WriteAllTextAsync(Path.Combine(_farm.Store.Folder, ".hidden"), "x", Token);
        File.CreateSymbolicLink(Path.Combine(_farm.Store.Folder, "link"), "/etc/passwd");

        _files.Resolve(path).ShouldBe(RepositoryFile.NotFound);
    }

    /// <summary>At every step of every publication a client begins, and clients that began earlier fetch the next of their three parts:
    /// the redirect, the database, its signature.</summary>
    [Fact]
    public async Task Resolve_WhenAPublicationComesInBetween_DatabaseAndSignatureStillFit()
    {
        var clients = new Queue<(string Location, string? Database)>();
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        await _farm.PublishAsync("foo", "1-1");
        _farm.Open(new OnStep(async () =>
        {
            for (var count = clients.Count; count > 0; count--)
            {
                var (location, database) = clients.Dequeue();
                if (database is null)
                {
                    clients.Enqueue((location, await ReadAsync(location)));
                }
                else
                {
                    pairs.TryAdd(database, await ReadAsync(location + ".sig"));
                    pairs[database].ShouldBe(await ReadAsync(location + ".sig"));
                }
            }

            clients.Enqueue((_files.Resolve("farm/x86_64/farm.db").Location.ShouldNotBeNull(), null));
        }));

        for (var version = 2; version <= 5; version++)
        {
            await _farm.PublishAsync("foo", $"{version}-1");
        }

        pairs.Count.ShouldBe(5, "every generation had clients");
        foreach (var (database, signature) in pairs)
        {
            var path = Path.Combine(_farm.Scratch, "db");
            await File.WriteAllBytesAsync(path, Convert.FromBase64String(database), Token);
            await File.WriteAllBytesAsync(path + ".sig", Convert.FromBase64String(signature), Token);
            (await _key.Gpg.Signer.VerifyAsync(path, path + ".sig", Token)).Reason.ShouldBeEmpty();
        }
    }

    private async Task<string> ReadAsync(string location) => Convert.ToBase64String(
        await File.ReadAllBytesAsync(_files.Resolve($"farm/x86_64/{location}").Path.ShouldNotBeNull(), Token));

    private sealed class OnStep(Func<Task> act) : IPublicationProbe
    {
        public async ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken) => await act();
    }
}
