using System.Text.Json;
using Caur.Benchmarks.Running;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Benchmarks;

/// <summary>Every benchmark runs, and what it measures is what it says: they check their own results. How fast it is, nobody asserts.</summary>
public sealed class BenchmarkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Rows => [.. Benchmark.All.Select(static row => row.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Run_WhenQuick_MeasuresWhatTheRowSays(string row)
    {
        if (row == "container-start")
        {
            await ContainerEngine.RequireAsync();
        }

        var json = _folder["result.json"];
        var (output, progress) = (new StringWriter(), new StringWriter());

        var code = await BenchCommand.MainAsync(
            ["--row", row, "--quick", "--no-peers", "--no-slow-syncs", "--folder", _folder.Path, "--json", json], output, progress, Token);

        code.ShouldBe(0, $"{progress}{output}");
        var result = JsonSerializer.Deserialize<BenchResult>(await File.ReadAllTextAsync(json, Token), BenchCommand.Json).ShouldNotBeNull();
        result.Machine.SyncMilliseconds.Median.ShouldBeGreaterThan(0);
        var measured = result.Rows.ShouldHaveSingleItem();
        measured.Name.ShouldBe(row);
        var ours = measured.Lines.Where(static line => line.Kind == LineKind.Caur).ToList();
        (ours.Count > 0 || measured.Notes.Exists(static note => note.StartsWith("Not there yet", StringComparison.Ordinal))).ShouldBeTrue();
        ours.SelectMany(static line => line.Samples).ShouldAllBe(static sample => sample.Value > 0 && sample.CpuSeconds >= 0);
        ours.ShouldAllBe(static line => line.Samples.Count > 0);
        output.ToString().ShouldContain(measured.Work);
        Directory.EnumerateFileSystemEntries(_folder.Path).ShouldBe([json]);
    }

    [Theory]
    [InlineData("--row", "nothing")]
    [InlineData("--repeat", "0")]
    [InlineData("--repeat", "many")]
    [InlineData("--json")]
    [InlineData("--folder", "/nonexistent")]
    [InlineData("--fast")]
    [InlineData("drain")]
    public async Task Run_WhenTheArgumentsAreWrong_SaysWhich(params string[] arguments)
    {
        var (output, progress) = (new StringWriter(), new StringWriter());
        (await BenchCommand.MainAsync(arguments, output, progress, Token)).ShouldBe(2);
        progress.ToString().ShouldContain(arguments[^1]);
        progress.ToString().ShouldContain("--row NAME");
        output.ToString().ShouldBeEmpty();
    }

    [Fact]
    public async Task Run_WhenAskedForTheList_NamesEachRow()
    {
        var output = new StringWriter();
        (await BenchCommand.MainAsync(["--list"], output, TextWriter.Null, Token)).ShouldBe(0);
        output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(Benchmark.All.Count);
    }
}
