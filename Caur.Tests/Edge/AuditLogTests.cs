using Caur.Api.Audit;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Edge;

/// <summary>The audit log's file.</summary>
public sealed class AuditLogTests : IDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Append_ByManyAtOnceAndByAnotherProcess_NumbersEveryLineOnce()
    {
        using var one = Log();
        using var two = Log();

        var numbers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? one : two).AppendAsync(Entry($"r{i}"))));

        numbers.Order().ShouldBe(Enumerable.Range(1, 200).Select(i => (long)i));
        var read = await one.ReadAsync(0, 1000, Cancelled);
        read.Select(entry => entry.Seq).ShouldBe(Enumerable.Range(1, 200).Select(i => (long)i));
        read.Select(entry => entry.Request).Distinct().Count().ShouldBe(200);
        for (var i = 0; i < 200; i++)
        {
            read[(int)numbers[i] - 1].Request.ShouldBe($"r{i}");
        }
    }

    [Fact]
    public async Task Append_WhenTheFileIsFull_PutsItAsideAndKeepsAsManyAsTold()
    {
        var options = new AuditOptions { FileBytes = 4096, Files = 3 };
        using (var log = Log(options))
        {
            for (var i = 0; i < 300; i++)
            {
                await log.AppendAsync(Entry(new string('x', 100)));
            }
        }

        Directory.EnumerateFiles(_folder.Path, "audit.log.0*").Count().ShouldBe(3);
        new FileInfo(_folder["audit.log"]).Length.ShouldBeLessThan(4096 + 300);
        using var next = Log(options);
        (await next.AppendAsync(Entry("next"))).ShouldBe(301);
        var all = await next.ReadAsync(0, 1000, Cancelled);
        all.Select(entry => entry.Seq).ShouldBe(Enumerable.Range((int)all[0].Seq, all.Count).Select(i => (long)i));
        all[^1].Seq.ShouldBe(301);
        var page = await next.ReadAsync(all[0].Seq, 7, Cancelled);
        page.Select(entry => entry.Seq).ShouldBe(all.Skip(1).Take(7).Select(entry => entry.Seq));
    }

    [Fact]
    public async Task Append_AfterACrashInTheMiddleOfALine_GoesOnWithTheNextNumber()
    {
        using (var log = Log())
        {
            await log.AppendAsync(Entry("a"));
            await log.AppendAsync(Entry("b"));
        }

        await File.AppendAllTextAsync(_folder["audit.log"], """{"seq":3,"at":"20""", Cancelled);

        using var next = Log();
        (await next.AppendAsync(Entry("c"))).ShouldBe(3);
        (await next.ReadAsync(0, 10, Cancelled)).Select(entry => (entry.Seq, entry.Request)).ShouldBe([(1, "a"), (2, "b"), (3, "c")]);
    }

    [Fact]
    public async Task Append_WhenTheDiskIsFull_FailsAndLeavesNoHalfLine()
    {
        // Writes to it end as those to a full disk.
        File.CreateSymbolicLink(_folder["audit.log"], "/dev/full");
        using var log = Log();

        await Should.ThrowAsync<AuditException>(() => log.AppendAsync(Entry("a")));

        File.Delete(_folder["audit.log"]);
        (await log.AppendAsync(Entry("b"))).ShouldBe(1);
    }

    private AuditLog Log(AuditOptions? options = null) => new(_folder["audit.log"], options ?? new AuditOptions(), TimeProvider.System);

    private static AuditEntry Entry(string request) => new() { Event = AuditEvent.Begun, Request = request };
}
