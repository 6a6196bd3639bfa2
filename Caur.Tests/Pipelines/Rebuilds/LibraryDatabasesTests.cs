using Caur.Pipelines.Polite;
using Caur.Pipelines.Rebuilds;
using Caur.Tests.Notifications;
using Caur.Tests.Pacman;

namespace Caur.Tests.Pipelines.Rebuilds;

public sealed class LibraryDatabasesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadAsync_WhenRepoAddMadeTheDatabase_ReadsItsVersionsByPkgbase()
    {
        using var folder = new TempFolder();
        var repository = new ReferenceRepository(folder.Path);
        await repository.AddAsync(
            await new TestPackage("libfoo", "1:1.3-1").WriteAsync(folder.Path),
            await new TestPackage("split-b", "1-1") { Base = "split" }.WriteAsync(folder.Path),
            await new TestPackage("split-a", "2-1") { Base = "split" }.WriteAsync(folder.Path),
            await new TestPackage("split", "3-1").WriteAsync(folder.Path));
        await using var server = await ServeAsync(await File.ReadAllBytesAsync(repository.DatabasePath, Token));

        var database = (await ReadAsync($"{server.Address}/extra.db", null)).ShouldHaveSingleItem();
        database.Name.ShouldBe("extra");
        database.Versions!["libfoo"].ShouldBe(["1:1.3-1"]);
        database.Versions["split"].ShouldBe(["3-1", "2-1", "1-1"]);
        database.Versions.Count.ShouldBe(2);
    }

    [Fact]
    public async Task ReadAsync_WhenDatabaseHasNotChanged_IsNotSentAgain()
    {
        using var folder = new TempFolder();
        var repository = new ReferenceRepository(folder.Path);
        await repository.AddAsync(await new TestPackage("libfoo", "1-1").WriteAsync(folder.Path));
        await using var server = await ServeAsync(await File.ReadAllBytesAsync(repository.DatabasePath, Token));
        var cache = new DatabaseCache(folder["cache"]);

        var first = (await ReadAsync($"{server.Address}/core.db", cache))[0];
        var second = (await ReadAsync($"{server.Address}/core.db", cache))[0];
        second.Versions!["libfoo"].ShouldBe(first.Versions!["libfoo"]);
        server.Requests[1].Headers["If-None-Match"].ShouldBe("\"1\"");

        // Where nothing can be remembered, it is loaded each time.
        (await ReadAsync($"{server.Address}/core.db", new DatabaseCache("/dev/null/folder")))[0].Versions!["libfoo"].ShouldBe(["1-1"]);
    }

    [Fact]
    public async Task ReadAsync_WhenOneCannotBeRead_ReadsTheOthersAndTells()
    {
        using var folder = new TempFolder();
        var repository = new ReferenceRepository(folder.Path);
        await repository.AddAsync(await new TestPackage("libfoo", "1-1").WriteAsync(folder.Path));
        var good = await File.ReadAllBytesAsync(repository.DatabasePath, Token);
        await using var server = await RecordingServer.StartAsync();
        server.Answer = (request, context) =>
        {
            context.Response.StatusCode = request.Target == "/gone.db" ? 404 : 200;
            return context.Response.Body.WriteAsync(request.Target == "/good.db" ? good : good[..^20]).AsTask();
        };
        var databases = await ReadAsync($"{server.Address}/good.db  {server.Address}/cut.db {server.Address}/gone.db file:///etc/passwd", null);
        databases.Select(database => database.Name).ShouldBe(["good", "cut", "gone", "passwd"]);
        databases.Select(database => database.Versions is not null).ShouldBe([true, false, false, false]);
        databases[1].Problem!.ShouldContain("it is no pacman database");
        databases[2].Problem.ShouldEndWith("it answered 404");
        databases[3].Problem.ShouldBe("CI_LIB_DB names 'file:///etc/passwd', which is no http address of a database");
    }

    [Fact]
    public async Task ReadAsync_WhenNothingIsFollowed_AsksNobody() => (await ReadAsync(null, null)).ShouldBeEmpty();

    private static async Task<RecordingServer> ServeAsync(byte[] database)
    {
        var server = await RecordingServer.StartAsync();
        server.Answer = (request, context) =>
        {
            context.Response.Headers.ETag = "\"1\"";
            if (request.Headers.GetValueOrDefault("If-None-Match") == "\"1\"")
            {
                context.Response.StatusCode = 304;
                return Task.CompletedTask;
            }

            return context.Response.Body.WriteAsync(database).AsTask();
        };
        return server;
    }

    private static async Task<IReadOnlyList<FollowedDatabase>> ReadAsync(string? setting, DatabaseCache? cache)
    {
        var options = new PoliteOptions { BackOff = TimeSpan.Zero, GiveUpAfter = 100 };
        using var http = HostProxy.Client(null);
        using var pacer = new HostPacer(options, TimeProvider.System);
        return await new LibraryDatabases(new PoliteClient(http, pacer, options, TimeProvider.System), cache).ReadAsync(setting, Token);
    }
}
