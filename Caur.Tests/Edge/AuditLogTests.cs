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
    public async Task Append_WhenAnotherFileOfTheSameLengthIsThere_GoesOnWithItsNumbers()
    {
        using var log = Log();
        await log.AppendAsync(Entry("one"));
        var text = await File.ReadAllTextAsync(_folder["audit.log"], Cancelled);
        await File.WriteAllTextAsync(_folder["other"], text.Replace("\"seq\":1,", "\"seq\":7,", StringComparison.Ordinal), Cancelled);
        File.Move(_folder["other"], _folder["audit.log"], overwrite: true);

        (await log.AppendAsync(Entry("two"))).ShouldBe(8);
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
    public async Task Append_OfAnyNumberOfRefusedWrites_PushesNothingOutThatWasDone()
    {
        var options = new AuditOptions { FileBytes = 8192, Files = 2 };
        using (var log = Log(options))
        {
            var done = await log.AppendAsync(Entry("done") with { Token = "admin" });
            await log.AppendAsync(Ended(done, 200));
            await log.AppendAsync(Entry("cut off") with { Token = "admin" });
            var gone = await log.AppendAsync(Entry("gone") with { Token = "ci" });
            await log.AppendAsync(Ended(gone, 499));
            for (var i = 0; i < 500; i++)
            {
                await log.AppendAsync(Entry("role") with { Event = AuditEvent.Refused, Token = "reader", Name = "a reader", Status = 403 });
                var begun = await log.AppendAsync(Entry("unknown") with { Token = "ci", Route = "/api/queue/schedule" });
                await log.AppendAsync(Ended(begun, 422));
                var again = await log.AppendAsync(Entry("again") with { Token = "ci", Route = "/api/queue/schedule" });
                await log.AppendAsync(Ended(again, 200) with { Replayed = true });
            }
        }

        using var next = Log(options);
        var last = await next.AppendAsync(Entry("last"));
        last.ShouldBe(5 + 2500 + 1);
        var all = await next.ReadAsync(0, 10_000, Cancelled);
        all.Select(entry => entry.Seq).ShouldBe(all.Select(entry => entry.Seq).Order().Distinct());
        all.Take(5).Select(entry => (entry.Seq, entry.Request, entry.Status)).ShouldBe([(1, "done", null), (2, "end", 200), (3, "cut off", null), (4, "gone", null), (5, "end", 499)]);

        var sums = all.Where(entry => entry.Event == AuditEvent.Refusals).ToList();
        sums.Select(entry => entry.Token).Order().ShouldBe(["ci", "reader"]);
        var (ci, reader) = (sums.Single(entry => entry.Token == "ci"), sums.Single(entry => entry.Token == "reader"));
        (ci.Count + all.Count(entry => entry.Event == AuditEvent.Ended && entry.Seq > 5)).ShouldBe(1000);
        (reader.Count + all.Count(entry => entry.Event == AuditEvent.Refused)).ShouldBe(500);
        (reader.Name, reader.Status, ci.Route).ShouldBe(("a reader", 403, "/api/queue/schedule"));
        ci.Since.ShouldNotBeNull().ShouldBeLessThanOrEqualTo(ci.At);
        Directory.EnumerateFiles(_folder.Path, "audit.log.0*").ShouldBeEmpty();
        new FileInfo(_folder["audit.log"]).Length.ShouldBeLessThan(2 * 8192);
        File.GetUnixFileMode(_folder["audit.log"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Append_OfRefusedAndDoneWritesMixed_KeepsAsManyFilesOfThoseThatWereDone()
    {
        var options = new AuditOptions { FileBytes = 4096, Files = 3 };
        using var log = Log(options);
        for (var i = 0; i < 100; i++)
        {
            await log.AppendAsync(Ended(await log.AppendAsync(Entry(new string('x', 100))), 200));
            for (var j = 0; j < 5; j++)
            {
                await log.AppendAsync(Ended(await log.AppendAsync(Entry("no") with { Token = "ci" }), 422));
            }
        }

        // A file put aside is half full of what was done at least.
        var done = (await log.ReadAsync(0, 10_000, Cancelled)).Where(entry => entry.Request.StartsWith('x')).ToList();
        done.Count.ShouldBeGreaterThan(3 * 2048 / 400);
        done.ShouldAllBe(entry => entry.Event == AuditEvent.Begun);
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

    private static AuditEntry Ended(long of, int status) => new() { Event = AuditEvent.Ended, Of = of, Request = "end", Status = status };

    private static AuditEntry Entry(string request) => new() { Event = AuditEvent.Begun, Request = request };
}
