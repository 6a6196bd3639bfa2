using System.Text.Json;
using Caur.Api.Auth;
using Caur.Silo.Cli;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Cli;

public sealed class TokenVerbTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    [Fact]
    public async Task Create_Always_PrintsTheTokenAloneAndKeepsOnlyItsHash()
    {
        var run = await CliRun.RunAsync(["token", "create", "--role", "ci", "--name", "pipeline", "--expires", "90d", "--data", _data.Path]);

        var token = run.Succeeded().Output.Trim();
        token.ShouldMatch("^caur_[0-9a-f]{64}$");
        var store = new TokenStore(_data["tokens.json"], TimeProvider.System);
        var record = store.Find(token).ShouldNotBeNull();
        (record.Role, record.Name).ShouldBe((TokenRole.Ci, "pipeline"));
        (record.Expires!.Value - record.Created).ShouldBe(TimeSpan.FromDays(90), TimeSpan.FromMinutes(1));
        (await File.ReadAllTextAsync(_data["tokens.json"], TestContext.Current.CancellationToken)).ShouldNotContain(token);
    }

    [Fact]
    public async Task List_AsJson_HasNoSecrets()
    {
        var token = (await CliRun.RunAsync(["token", "create", "--role", "ADMIN", "--data", _data.Path])).Succeeded().Output.Trim();

        var run = await CliRun.RunAsync(["token", "list", "--json"], new Dictionary<string, string> { ["CAUR_DATA"] = _data.Path });

        using var json = JsonDocument.Parse(run.Succeeded().Output);
        json.RootElement.EnumerateArray().ShouldHaveSingleItem().GetProperty("role").GetString().ShouldBe("Admin");
        run.Output.ShouldNotContain("hash");
        run.Output.ShouldNotContain(token);
    }

    [Fact]
    public async Task Revoke_WhenItIsThere_EndsIt()
    {
        var created = await CliRun.RunAsync(["token", "create", "--role", "builder", "--name", "box", "--json", "--data", _data.Path]);
        using var json = JsonDocument.Parse(created.Succeeded().Output);
        var id = json.RootElement.GetProperty("id").GetString()!;
        (await CliRun.RunAsync(["token", "list", "--data", _data.Path])).Succeeded().Output.ShouldMatch($"(?m)^{id} +builder +box +.* never$");

        (await CliRun.RunAsync(["token", "revoke", id, "--data", _data.Path])).Succeeded();

        new TokenStore(_data["tokens.json"], TimeProvider.System).Find(json.RootElement.GetProperty("token").GetString()!).ShouldBeNull();
        var again = await CliRun.RunAsync(["token", "revoke", id, "--data", _data.Path]);
        again.ExitCode.ShouldBe(ExitCodes.Failed);
        again.Error.ShouldContain($"there is no token '{id}'");
    }

    [Theory]
    [InlineData("--role wants ci, builder, reader or admin", "--role", "king")]
    [InlineData("--role wants ci, builder, reader or admin", "--role", "1")]
    [InlineData("--role", "--name", "x")]
    [InlineData("wants the builder's name", "--role", "builder")]
    [InlineData("--expires wants", "--role", "ci", "--expires", "later")]
    public async Task Create_WhenWronglyUsed_SaysWhatIsWanted(string expected, params string[] arguments)
    {
        var run = await CliRun.RunAsync(["token", "create", .. arguments, "--data", _data.Path]);

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain(expected);
        File.Exists(_data["tokens.json"]).ShouldBeFalse();
    }

    [Theory]
    [InlineData("0d")]
    [InlineData("99999999d")]
    [InlineData("d")]
    [InlineData("-1d")]
    public async Task Create_WhenTheTimeIsNone_SaysWhichItIsAndWhatIsWanted(string time)
    {
        var run = await CliRun.RunAsync(["token", "create", "--role", "ci", $"--expires={time}", "--data", _data.Path]);

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain($"--expires wants a number from 1 on with d, h, m or s behind it, as 90d, and at most 100 years; '{time}' is none.");
    }

    [Fact]
    public async Task Create_ForABuilder_TakesItsNameByEitherOption()
    {
        (await CliRun.RunAsync(["token", "create", "--role", "builder", "--builder", "box", "--data", _data.Path])).Succeeded();
        new TokenStore(_data["tokens.json"], TimeProvider.System).List().Single().Name.ShouldBe("box");

        foreach (var wrong in (string[][])[["--role", "ci", "--builder", "box"], ["--role", "builder", "--builder", "box", "--name", "other"]])
        {
            (await CliRun.RunAsync(["token", "create", .. wrong, "--data", _data.Path])).ExitCode.ShouldBe(ExitCodes.Usage);
        }
    }

    [Fact]
    public async Task Create_ForARepositoryThatTheFarmDoesNotHave_SaysSo()
    {
        var environment = new Dictionary<string, string> { ["PACKAGE_TARGET_REPOS"] = """{"farm":{}}""", ["CAUR_DATA"] = _data.Path };
        var known = await CliRun.RunAsync(["token", "create", "--role", "ci", "--target-repo", "farm/x86_64"], environment);
        var unknown = await CliRun.RunAsync(["token", "create", "--role", "ci", "--target-repo", "nope"], environment);

        known.Succeeded().Error.ShouldNotContain("note:");
        unknown.Succeeded().Error.ShouldContain("note: this farm has no target repository 'nope' now; it has farm");
    }

    [Fact]
    public async Task Create_WhenThereIsNoDataFolder_NamesIt()
    {
        var run = await CliRun.RunAsync(["token", "create", "--role", "ci", "--data", _data["none"]]);

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain($"there is no data folder {_data["none"]}");
    }

    [Fact]
    public async Task List_WhenTheFileIsDamaged_SaysSo()
    {
        await File.WriteAllTextAsync(_data["tokens.json"], "{", TestContext.Current.CancellationToken);

        var run = await CliRun.RunAsync(["token", "list", "--data", _data.Path]);

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("is damaged");
    }

    public void Dispose() => _data.Dispose();
}
