using Caur.Silo.Web;
using Caur.Tests.Storage.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Front;

/// <summary>The cache's folder.</summary>
public sealed class DiskCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Folder => _folder["cache"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Keep_WhenItIsFull_LosesWhatWasNotAskedForTheLongest()
    {
        using var cache = Open(300);
        await PutAsync(cache, "a", 100);
        await PutAsync(cache, "b", 100);
        await PutAsync(cache, "c", 100);
        Has(cache, "a").ShouldBeTrue();

        await PutAsync(cache, "d", 100);

        (Has(cache, "a"), Has(cache, "b"), Has(cache, "c"), Has(cache, "d")).ShouldBe((true, false, true, true));
        cache.Bytes.ShouldBe(300);
        Directory.GetFiles(Folder, "*.body").Length.ShouldBe(3);

        // What is being written counts too, and is given back.
        using (var part = cache.Begin("e"))
        {
            await part.AppendAsync(new byte[250], CancellationToken.None);
            cache.Bytes.ShouldBe(250);
        }

        cache.Bytes.ShouldBe(0);
        Directory.GetFiles(Folder).ShouldHaveSingleItem("only the lock is left");
    }

    [Fact]
    public async Task Open_AfterAProcessThatDied_KeepsWhatIsWholeAndSweepsTheRest()
    {
        using (var cache = Open(1000))
        {
            await PutAsync(cache, "whole", 10);
            await PutAsync(cache, "cut", 10);
            await PutAsync(cache, "torn", 10);
            var part = cache.Begin("half");
            await part.AppendAsync(new byte[5], CancellationToken.None);
        }

        foreach (var description in Directory.GetFiles(Folder, "*.json"))
        {
            var text = await File.ReadAllTextAsync(description, TestContext.Current.CancellationToken);
            if (text.Contains("\"cut\"", StringComparison.Ordinal))
            {
                await File.WriteAllTextAsync(description, text[..20], TestContext.Current.CancellationToken);
            }
            else if (text.Contains("\"torn\"", StringComparison.Ordinal))
            {
                await File.WriteAllTextAsync(description, text.Replace("\"Length\":10", "\"Length\":11", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            }
        }

        await File.WriteAllTextAsync(Path.Combine(Folder, "somebody's.json"), "{}", TestContext.Current.CancellationToken);
        using var again = Open(1000);

        (Has(again, "whole"), Has(again, "cut"), Has(again, "torn"), Has(again, "half")).ShouldBe((true, false, false, false));
        again.Bytes.ShouldBe(10);
        Directory.GetFiles(Folder).Length.ShouldBe(4, "the lock, one file with its description, and what is not the cache's");
    }

    [Fact]
    public void Open_WhileAnotherProcessUsesIt_SaysSo()
    {
        using var cache = Open(1000);

        Should.Throw<IOException>(() => Open(1000)).Message.ShouldContain("another 'caur web' uses the cache");
    }

    private static bool Has(DiskCache cache, string key)
    {
        using var kept = cache.Find(key);
        return kept is not null;
    }

    private static async Task PutAsync(DiskCache cache, string key, int bytes)
    {
        using var part = cache.Begin(key);
        await part.AppendAsync(new byte[bytes], CancellationToken.None);
        part.Commit([]);
    }

    private DiskCache Open(long bytes) => DiskCache.Open(Folder, bytes, TimeProvider.System, NullLogger<DiskCache>.Instance);
}
