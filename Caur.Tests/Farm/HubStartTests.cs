using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Farm;

/// <summary>What a hub says that does not start.</summary>
public sealed class HubStartTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Start_OnADamagedStateDatabase_EndsWithOneLineThatNamesItAndWhatToDo()
    {
        await File.WriteAllTextAsync(_data["caur.db"], new string('x', 10_000), TestContext.Current.CancellationToken);
        var ended = await Processes.RunAsync(
            "dotnet",
            ["exec", Path.Combine(AppContext.BaseDirectory, "caur.dll"), "database", "--web-port", "0", "--slots", "0", "--data", _data.Path],
            environment: new Dictionary<string, string>
            {
                ["PACKAGE_REPOS"] = """{"packages":{"url":"https://packages.invalid/x.git"}}""",
                ["PACKAGE_TARGET_REPOS"] = """{"farm":{"architectures":["x86_64"]}}""",
            });
        ended.ExitCode.ShouldBe(1, ended.ToString());
        ended.Error.ShouldContain($"caur database: The state database {_data["caur.db"]}");
        ended.Error.ShouldContain("restore the last backup");
        ended.Error.ShouldNotContain("should not have happened");
        (await File.ReadAllTextAsync(_data["caur.db"], TestContext.Current.CancellationToken)).ShouldBe(new string('x', 10_000));
    }
}
