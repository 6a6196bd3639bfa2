using Caur.Api.Auth;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Edge;

/// <summary>When tokens were last used, as several processes know it.</summary>
public sealed class TokenUsesTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Save_WhenAnotherProcessSavedToo_KeepsTheLaterTimeOfEachToken()
    {
        var (a, b) = (Uses(), Uses());
        a.Last("both").ShouldBeNull();
        b.Last("both").ShouldBeNull();
        a.Note("a", Noon);
        a.Note("both", Noon.AddMinutes(2));
        a.Note("gone", Noon);
        b.Note("b", Noon.AddMinutes(1));
        b.Note("both", Noon);

        string[] ids = ["a", "b", "both"];
        await a.SaveAsync(ids, Cancelled);
        await b.SaveAsync(ids, Cancelled);
        await a.SaveAsync(ids, Cancelled);

        foreach (var uses in new[] { a, b, Uses() })
        {
            ids.Append("gone").Select(uses.Last).ShouldBe([Noon, Noon.AddMinutes(1), Noon.AddMinutes(2), null]);
        }
    }

    private TokenUses Uses() => new(_folder["tokens.used.json"], TimeProvider.System);
}
