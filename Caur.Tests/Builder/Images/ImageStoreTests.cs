using Caur.Builder.Engines;
using Caur.Builder.Images;
using Caur.Tests.Builder.Engines;
using Caur.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Builder.Images;

public sealed class ImageStoreTests : IAsyncLifetime
{
    private const string Present = """{"Id":"sha256:1","RepoDigests":["r.example/a@sha256:2"],"RepoTags":[]}""";
    private readonly FakeEngine _engine = new();
    private readonly ManualTimeProvider _time = new();
    private EngineClient _client = null!;
    private ImageStore _images = null!;
    private string _pull = """{"status":"Pulling","id":"abc"}""" + "\r\n" + """{"status":"done"}""" + "\r\n";
    private bool _isPresent = true;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private int Pulls => _engine.Requests.Count(r => r.StartsWith("POST /v1.41/images/create", StringComparison.Ordinal));

    public async ValueTask InitializeAsync()
    {
        _engine.Answer = request =>
        {
            if (request.StartsWith("POST", StringComparison.Ordinal))
            {
                _isPresent |= !_pull.Contains("error", StringComparison.Ordinal);
                return (200, _pull);
            }

            return _isPresent ? (200, Present) : (404, """{"message":"No such image"}""");
        };
        _client = await _engine.StartAsync();
        _images = new(_client, new ImageOptions(), _time, NullLogger<ImageStore>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task Ensure_WhenItNamesARegistry_PullsAtMostEveryTwoHours()
    {
        for (var i = 0; i < 3; i++)
        {
            (await _images.EnsureAsync("r.example/a:1", Stop)).ShouldBe(new ImageResult("sha256:1", "r.example/a@sha256:2", null, null));
        }

        Pulls.ShouldBe(1);
        _engine.Requests.ShouldContain("POST /v1.41/images/create?fromImage=r.example%2Fa&tag=1");
        _time.Advance(TimeSpan.FromHours(2));
        await _images.EnsureAsync("r.example/a:1", Stop);
        Pulls.ShouldBe(2);
    }

    [Theory]
    [InlineData("caur-builder:bootstrap")]
    [InlineData("localhost/caur-builder:1")]
    [InlineData("r.example/a@sha256:2")]
    public async Task Ensure_WhenItIsLocalOrPinnedAndPresent_PullsNever(string reference)
    {
        (await _images.EnsureAsync(reference, Stop)).IsReady.ShouldBeTrue();
        Pulls.ShouldBe(0);
    }

    [Fact]
    public async Task Ensure_WhenItIsAbsent_PullsIt()
    {
        _isPresent = false;
        (await _images.EnsureAsync("archlinux", Stop)).IsReady.ShouldBeTrue();
        _engine.Requests.ShouldContain("POST /v1.41/images/create?fromImage=archlinux&tag=latest");
    }

    [Fact]
    public async Task Ensure_WhenThePullFailsAndItIsPresent_WarnsAndRetriesLater()
    {
        _pull = """{"status":"Pulling"}""" + "\n" + """{"error":"the registry is tired"}""" + "\n";
        var result = await _images.EnsureAsync("r.example/a:1", Stop);
        result.IsReady.ShouldBeTrue();
        result.Warning.ShouldNotBeNull().ShouldContain("the registry is tired");
        await _images.EnsureAsync("r.example/a:1", Stop);
        Pulls.ShouldBe(1);
        _time.Advance(TimeSpan.FromMinutes(10));
        await _images.EnsureAsync("r.example/a:1", Stop);
        Pulls.ShouldBe(2);
    }

    [Fact]
    public async Task Ensure_WhenThePullFailsAndItIsAbsent_SaysWhatToDo()
    {
        _isPresent = false;
        _pull = """{"error":"manifest unknown"}""" + "\n";
        var result = await _images.EnsureAsync("r.example/a:1", Stop);
        result.IsReady.ShouldBeFalse();
        result.Problem.ShouldNotBeNull().ShouldContain("manifest unknown");
        result.Problem.ShouldContain("BUILDER_IMAGE");
    }

    [Theory]
    [InlineData("1.40", "1.12", null)]
    [InlineData("1.41", "1.24", "v1.41")]
    [InlineData("1.52", "1.44", "v1.44")]
    public async Task Version_WhenEnginesDiffer_SpeaksTheOldestThatFits(string newest, string oldest, string? spoken)
    {
        await using var engine = new FakeEngine { Version = $$"""{"Version":"x","ApiVersion":"{{newest}}","MinAPIVersion":"{{oldest}}"}""" };
        using var client = await engine.StartAsync();
        if (spoken is null)
        {
            (await Should.ThrowAsync<EngineException>(() => client.InspectImageAsync("x", Stop))).Message.ShouldContain("1.41");
            return;
        }

        (await client.InspectImageAsync("x", Stop)).ShouldBeNull();
        engine.Requests.ShouldContain($"GET /{spoken}/images/x/json");
    }
}
