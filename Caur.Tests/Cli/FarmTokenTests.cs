using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Silo.Cli;

namespace Caur.Tests.Cli;

/// <summary><c>caur token</c> at a hub that is elsewhere: by its routes, with an admin's token.</summary>
[SupportedOSPlatform("linux")]
public sealed class FarmTokenTests(CliHub hub) : IClassFixture<CliHub>
{
    [Fact]
    public async Task Verbs_AtAHubThatIsNamed_MakeListAndEndTokensThere()
    {
        var created = await RunAsync("token", "create", "--role", "ci", "--name", "far", "--expires", "1h", "--target-repo", "nope", "--json");
        using var json = JsonDocument.Parse(created.Succeeded().Output);
        var (id, token) = (json.RootElement.GetProperty("id").GetString()!, json.RootElement.GetProperty("token").GetString()!);
        json.RootElement.GetProperty("targets")[0].GetString().ShouldBe("nope");
        created.Error.ShouldContain("note: this farm has no target repository 'nope' now");
        (await File.ReadAllTextAsync(Path.Combine(hub.Data, "tokens.json"), TestContext.Current.CancellationToken)).ShouldContain(id);

        (await RunAsync("token", "list")).Succeeded().Output.ShouldMatch($"(?m)^{id} +ci +far +nope ");
        using var listed = JsonDocument.Parse((await RunAsync("token", "list", "--json")).Succeeded().Output);
        listed.RootElement.EnumerateArray().Single(one => one.GetProperty("id").GetString() == id)
            .EnumerateObject().Select(member => member.Name).ShouldBe(["id", "role", "name", "targets", "created", "expires", "last_used"]);

        // That token is no admin's.
        var refused = await CliRun.RunAsync(["token", "list", "--server", hub.Url, "--token", token]);
        refused.ExitCode.ShouldBe(ExitCodes.TokenRefused);

        (await RunAsync("token", "revoke", id)).Succeeded().Output.ShouldContain($"Token {id} is ended.");
        var again = await RunAsync("token", "revoke", id);
        again.ExitCode.ShouldBe(ExitCodes.Failed);
        again.Error.ShouldContain($"there is no token '{id}'");
        (await RunAsync("token", "create", "--role", "builder", "--builder", "-")).ExitCode.ShouldBe(ExitCodes.Usage);
    }

    [Fact]
    public async Task Verbs_WhenNoHubIsNamed_WorkOnTheDataFolder()
    {
        var local = await CliRun.RunAsync(["token", "list"], new Dictionary<string, string> { ["CAUR_DATA"] = hub.Data });
        local.Succeeded().Output.ShouldContain("admin");

        // The folder that is named comes before a hub that the environment names.
        var both = await CliRun.RunAsync(["token", "list", "--data", hub.Data], new Dictionary<string, string> { ["CAUR_URL"] = "http://127.0.0.1:1" });
        both.Succeeded();
        (await CliRun.RunAsync(["token", "list"], new Dictionary<string, string> { ["CAUR_URL"] = "http://127.0.0.1:1" })).ExitCode.ShouldBe(ExitCodes.Unreachable);
    }

    private Task<CliRun> RunAsync(params string[] arguments) =>
        CliRun.RunAsync(arguments, new Dictionary<string, string> { ["CAUR_URL"] = hub.Url, ["CAUR_TOKEN"] = hub.Token });
}
