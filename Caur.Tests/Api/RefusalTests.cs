using System.Net;
using System.Text;
using System.Text.Json;

namespace Caur.Tests.Api;

/// <summary>Whatever is wrong with a request: the answer says what, and what would be right.</summary>
public sealed class RefusalTests(RefusalTests.Hub fixture) : IClassFixture<RefusalTests.Hub>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/api/v1/queue?limit=0", "limit is 0, and a number from 1 to 1000 is wanted; without it a page has 100")]
    [InlineData("/api/v1/queue?limit=1001", "limit is 1001, and a number from 1 to 1000")]
    [InlineData("/api/v1/queue?limit=many", "limit is 'many', and a whole number is wanted")]
    [InlineData("/api/v1/queue?limit=99999999999999999999", "limit is '99999999999999999999', and a whole number is wanted")]
    [InlineData("/api/v1/queue?state=Published", "state is 'Published', and one or more of Waiting, Assigned, Running, Uploading, Publishing are wanted")]
    [InlineData("/api/v1/queue?state=0", "state is '0'")]
    [InlineData("/api/v1/queue?wait=Never", "one or more of None, Turn, Dependency")]
    [InlineData("/api/v1/queue?package=..%2Fetc", "package is '../etc', which is no name of a package folder")]
    [InlineData("/api/v1/queue?arch=mips", "one of this farm's is wanted: aarch64, x86_64")]
    [InlineData("/api/v1/queue?target=a/b/c", "a repository is wanted: name or name/arch")]
    [InlineData("/api/v1/queue?after=nowhere", "after is 'nowhere', and the next of the page before is wanted")]
    [InlineData("/api/v1/builds?limit=-1", "limit is -1, and a number from 1 to 1000 is wanted")]
    [InlineData("/api/v1/builds?state=Gone", "one or more of Waiting, Assigned, Running, Uploading, Publishing, Published")]
    [InlineData("/api/v1/builds?builder=a%20b", "builder is 'a b', and a builder is wanted: name or name/instance")]
    [InlineData("/api/v1/builds?since=yesterday", "since is 'yesterday', and a time is wanted: as 2026-11-21T08:26:24Z, or milliseconds since 1970")]
    [InlineData("/api/v1/builds?since=999999999999999999", "since is '999999999999999999'")]
    [InlineData("/api/v1/builds?after=a/b", "after is 'a/b'")]
    [InlineData("/api/v1/builds/repo/x86_64/a/now", "'repo/x86_64/a/now' is no build id: target/arch/pkgbase/timestamp is wanted")]
    [InlineData("/api/v1/builds/a", "'a' is no build id")]
    [InlineData("/api/v1/builds/repo/x86_64/%25/1", "'repo/x86_64/%/1' is no build id")]
    [InlineData("/api/v1/builders?limit=0", "limit is 0")]
    [InlineData("/api/v1/builders?after=x", "after is 'x'")]
    [InlineData("/api/v1/builders/-/0", "'-/0' is no builder: name/instance is wanted")]
    [InlineData("/api/v1/packages?limit=0", "limit is 0")]
    [InlineData("/api/v1/packages?after=a%2Fb", "after is 'a/b'")]
    [InlineData("/api/v1/packages/packages/.git", "'.git' is no name of a package folder")]
    [InlineData("/api/v1/packages/%25/builds", "'%' is no name of a package folder")]
    [InlineData("/api/v1/repositories/repo/x86_64/packages?limit=-1", "limit is -1, and a number from 1 to 1000 is wanted; without it a page has 1000")]
    [InlineData("/api/v1/repositories/repo/x86_64/packages?limit=x", "limit is 'x', and a whole number is wanted")]
    [InlineData("/api/v1/repositories/repo/x86_64/generations?limit=0", "limit is 0")]
    [InlineData("/api/v1/repositories/repo/x86_64/generations?after=x", "after is 'x', and a whole number is wanted")]
    [InlineData("/api/v1/events?type=builds", "type is 'builds', and one or more of build, publication, builder, queue, run are wanted")]
    [InlineData("/api/v1/events?state=x", "state is 'x'")]
    [InlineData("/api/v1/events?package=-x", "package is '-x'")]
    [InlineData("/api/v1/events?target=%2F", "target is '/'")]
    [InlineData("/api/v1/events?builder=a/b/c", "builder is 'a/b/c'")]
    public async Task Get_WhenAParameterCannotBe_Is400AndSaysWhatIsAllowed(string path, string detail)
    {
        var (status, said) = await ApiHub.RefusalAsync(await fixture.Value.Http.GetAsync(path, Token));

        status.ShouldBe(HttpStatusCode.BadRequest);
        said.ShouldContain(detail);
    }

    [Theory]
    [InlineData("/api/v1/builds/repo/x86_64/nothing/1", "there is no build repo/x86_64/nothing/1")]
    [InlineData("/api/v1/builds/repo/mips/nothing/1", "there is no build repo/mips/nothing/1")]
    [InlineData("/api/v1/builders/nobody/0", "no builder 'nobody/0' is known; known: none")]
    [InlineData("/api/v1/packages/elsewhere/a", "there is no source repository 'elsewhere'; this farm has packages")]
    [InlineData("/api/v1/packages/packages/nothing", "nothing is known of a package 'nothing' of packages")]
    [InlineData("/api/v1/repositories/repo/mips/generations", "there is no repository 'repo/mips'; this farm has repo/aarch64, repo/x86_64")]
    [InlineData("/api/v1/nowhere", "there is nothing at /api/v1/nowhere; /openapi/v1.json names all routes")]
    public async Task Get_WhenThereIsNoSuchThing_Is404AndSaysWhat(string path, string detail)
    {
        var (status, said) = await ApiHub.RefusalAsync(await fixture.Value.Http.GetAsync(path, Token));

        status.ShouldBe(HttpStatusCode.NotFound);
        said.ShouldContain(detail);
    }

    [Theory]
    [InlineData("/api/queue/schedule", "", "a body is wanted: JSON")]
    [InlineData("/api/queue/schedule", "{", "the body cannot be read at $")]
    [InlineData("/api/queue/schedule", "[]", "the body cannot be read at $")]
    [InlineData("/api/queue/schedule", """{"packages":"a"}""", "the body cannot be read at $.packages in line 1: the value is of another type than is wanted there")]
    [InlineData("/api/queue/schedule", """{"source_repo":"packages","target_repo":"repo"}""", "no packages are named")]
    [InlineData("/api/queue/schedule", """{"operation":"x"}""", "the body cannot be read at $.operation")]
    [InlineData("/api/queue/promote", """{}""", "pkgbase and target_repo are wanted, each a name, and an arch of this farm: aarch64, x86_64")]
    [InlineData("/api/v1/queue/promote", """{"build":"x"}""", "the body cannot be read at $.build")]
    [InlineData("/api/v1/queue/promote", """{"build":"repo/mips/a/1"}""", "an arch of this farm")]
    [InlineData("/api/v1/queue/pause", """{"arch":"mips"}""", "arch is 'mips', and one of this farm's is wanted: aarch64, x86_64")]
    [InlineData("/api/v1/queue/resume", """{"arch":5}""", "the body cannot be read at $.arch")]
    [InlineData("/api/v1/queue/reset", """{"arch":"mips"}""", "arch is 'mips'")]
    [InlineData("/api/v1/builds/a/retry", "", "'a' is no build id")]
    [InlineData("/api/v1/builds/repo/x86_64/a/1/retry", """{"operation":1}""", "the body cannot be read at $.operation")]
    [InlineData("/api/v1/builders/-/0/drain", "", "'-/0' is no builder")]
    [InlineData("/api/v1/repositories/repo/x86_64/remove", """{"names":{}}""", "the body cannot be read at $.names")]
    public async Task Post_WhenTheBodyCannotBe_Is400AndSaysWhere(string path, string body, string detail)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");

        var (status, said) = await ApiHub.RefusalAsync(await fixture.Value.Admin.PostAsync(path, content, Token));

        status.ShouldBe(HttpStatusCode.BadRequest);
        said.ShouldContain(detail);
    }

    [Fact]
    public async Task Post_WhenTheBodyIsNoJson_Is415()
    {
        using var content = new StringContent("packages=a", Encoding.UTF8, "application/x-www-form-urlencoded");

        var (status, said) = await ApiHub.RefusalAsync(await fixture.Value.Admin.PostAsync("/api/queue/schedule", content, Token));

        (status, said).ShouldBe((HttpStatusCode.UnsupportedMediaType, "send JSON with Content-Type: application/json"));
    }

    [Fact]
    public async Task Post_WhenTheBodyIsDeep_Is400()
    {
        using var content = new StringContent($$"""{"packages":{{new string('[', 100_000)}}""", Encoding.UTF8, "application/json");

        (await ApiHub.RefusalAsync(await fixture.Value.Admin.PostAsync("/api/queue/schedule", content, Token))).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Reset_WhenTheReasonIsLong_Is400AndSaysHowLongItMayBe()
    {
        using var content = new StringContent(JsonSerializer.Serialize(new { reason = new string('x', 201) }), Encoding.UTF8, "application/json");

        (await ApiHub.RefusalAsync(await fixture.Value.Admin.PostAsync("/api/v1/queue/reset", content, Token)))
            .ShouldBe((HttpStatusCode.BadRequest, "the reason has 201 characters, and 200 are the most"));
    }

    [Theory]
    [InlineData("/api/queue/schedule")]
    [InlineData("/api/queue/promote")]
    [InlineData("/api/v1/queue/promote")]
    [InlineData("/api/v1/queue/pause")]
    [InlineData("/api/v1/queue/resume")]
    [InlineData("/api/v1/queue/reset")]
    [InlineData("/api/v1/builds/repo/x86_64/a/1/cancel")]
    [InlineData("/api/v1/builds/repo/x86_64/a/1/retry")]
    [InlineData("/api/v1/builds/repo%2Fx86_64%2Fa%2F1/promote")]
    [InlineData("/api/v1/builders/a/0/drain")]
    [InlineData("/api/v1/builders/a/0/resume")]
    public async Task Post_WhenThereIsNoTokenOrNotTheRole_IsRefusedWithADetail(string path)
    {
        (await ApiHub.RefusalAsync(await fixture.Value.Http.PostAsync(path, null, Token))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        using var builder = await fixture.Value.ClientAsync(Caur.Api.Auth.TokenRole.Builder);
        (await ApiHub.RefusalAsync(await builder.PostAsync(path, null, Token))).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Get_WhenTheRouteIsPost_Is405AndSaysWhatItTakes()
    {
        var (status, said) = await ApiHub.RefusalAsync(await fixture.Value.Http.GetAsync("/api/queue/schedule", Token));

        (status, said).ShouldBe((HttpStatusCode.MethodNotAllowed, "this path takes POST"));
    }

    /// <summary>One hub for all of them: nothing is ever queued in it.</summary>
    public sealed class Hub : IAsyncLifetime
    {
        internal ApiHub Value { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Value = await ApiHub.StartAsync();

        public ValueTask DisposeAsync() => Value.DisposeAsync();
    }
}
