using Caur.Api.Auth;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Cli;

/// <summary>The file of tokens, damaged: nobody gets in by that, and no token is written over.</summary>
public sealed class TokenStoreTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", "line 1 is not what the farm wrote")]
    [InlineData("null", "it is empty")]
    [InlineData("{bad", "line 1 is not what the farm wrote")]
    [InlineData("[\n{}]", "line 2 is not what the farm wrote")]
    [InlineData("[\n{\"id\":\"a\",\"hash\":\"b\",\"name\":\"c\",\n\"role\":77}]", "line 3 is not what the farm wrote")]
    public async Task List_WhenTheFileIsDamaged_NamesItAndLeavesItAlone(string damage, string what)
    {
        using var folder = new TemporaryFolder();
        var store = new TokenStore(folder["tokens.json"], TimeProvider.System);
        var (_, secret) = await store.CreateAsync(TokenRole.Ci, "pipeline", null, Token);
        var sound = await File.ReadAllTextAsync(folder["tokens.json"], Token);
        await File.WriteAllTextAsync(folder["tokens.json"], damage, Token);

        Should.Throw<IOException>(() => store.Find(secret)).Message.ShouldContain($"The file of tokens, {folder["tokens.json"]}, is damaged ({what}): put a backup in its place");
        await Should.ThrowAsync<IOException>(() => store.CreateAsync(TokenRole.Admin, "another", null, Token));
        (await File.ReadAllTextAsync(folder["tokens.json"], Token)).ShouldBe(damage);

        await File.WriteAllTextAsync(folder["tokens.json"], sound, Token);
        store.Find(secret).ShouldNotBeNull().Name.ShouldBe("pipeline");
    }
}
