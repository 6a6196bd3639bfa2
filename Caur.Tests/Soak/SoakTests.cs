using Caur.Tests.Support;
using Xunit.Sdk;

namespace Caur.Tests.Soak;

/// <summary>One short round of every scenario, and that the run itself tells a failure.</summary>
public sealed class SoakTests
{
    public static TheoryData<string> Scenarios => [.. SoakScenarios.All.Select(static s => s.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task RunAsync_WhenTheRoundIsShort_Passes(string name)
    {
        var seed = Random.Shared.Next();
        var folder = Directory.CreateTempSubdirectory("caur-soak-").FullName;
        var scenario = SoakScenarios.All.Single(s => s.Name == name);
        try
        {
            await scenario.RunAsync(new SoakRound(seed, folder, isShort: true, new SoakCounts(), TestContext.Current.CancellationToken))
                .WaitAsync(TimeSpan.FromMinutes(2), TimeProvider.System, TestContext.Current.CancellationToken);
        }
        catch (SkipException)
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new InvalidOperationException($"A short round of {name} failed with seed {seed}; its files: {folder}", error);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task RunAsync_WhenARoundFails_EndsAndNamesScenarioAndSeed()
    {
        await using var output = new StringWriter();
        var run = new SoakRun(new SoakOptions(TimeSpan.FromMinutes(1), 5, 1, [new Failing()], RoundSeed: null), TimeProvider.System, output);
        await run.RunAsync(TestContext.Current.CancellationToken).DefaultTimeout("the run");
        run.Failures.ShouldBe(1);
        output.ToString().ShouldContain("lost a write");
        output.ToString().ShouldContain("again: ./caur soak --scenario failing --round-seed ");
        output.ToString().ShouldContain("] seed 5: 0 rounds passed, 1 failed");
        RemoveFolders(output.ToString());
    }

    [Fact]
    public async Task RunAsync_WithOneSeed_RunsTheSameRounds()
    {
        (await SeedsAsync(42)).ShouldBe(await SeedsAsync(42));
        (await SeedsAsync(42)).ShouldNotBe(await SeedsAsync(43));
    }

    [Theory]
    [InlineData("--minutes", "many")]
    [InlineData("--lanes", "0")]
    [InlineData("--scenario", "nothing-like-it")]
    [InlineData("--round-seed", "7")]
    [InlineData("--speed", "7")]
    public void Parse_WhenAnArgumentIsWrong_SaysWhich(string name, string value)
    {
        var (options, error) = SoakOptions.Parse([name, value]);
        options.ShouldBeNull();
        error.ShouldNotBeNull().ShouldContain(name == "--scenario" ? value : name);
    }

    private static async Task<IReadOnlyList<int>> SeedsAsync(int seed)
    {
        var scenario = new Counting(5);
        await using var output = new StringWriter();
        var run = new SoakRun(new SoakOptions(TimeSpan.FromMinutes(1), seed, 1, [scenario], RoundSeed: null), TimeProvider.System, output);
        await run.RunAsync(TestContext.Current.CancellationToken).DefaultTimeout("the run");
        RemoveFolders(output.ToString());
        return scenario.Seeds;
    }

    /// <summary>A failed round keeps its files for whoever looks for the cause.</summary>
    private static void RemoveFolders(string output)
    {
        foreach (var line in output.Split('\n').Select(static line => line.Trim()).Where(static line => line.StartsWith("its files: ", StringComparison.Ordinal)))
        {
            Directory.Delete(line["its files: ".Length..], recursive: true);
        }
    }

    // Constructors with arguments keep these out of the scenarios that are found by their type.
    private sealed class Failing(string what = "lost a write") : ISoakScenario
    {
        public string Name => "failing";

        public Task RunAsync(SoakRound round) => throw new InvalidOperationException(what);
    }

    private sealed class Counting(int rounds) : ISoakScenario
    {
        public List<int> Seeds { get; } = [];

        public string Name => "counting";

        public Task RunAsync(SoakRound round)
        {
            Seeds.Add(round.Seed);
            return Seeds.Count == rounds ? throw new InvalidOperationException("enough") : Task.CompletedTask;
        }
    }
}
