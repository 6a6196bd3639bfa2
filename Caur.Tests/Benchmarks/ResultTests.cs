using Caur.Benchmarks.Rows;
using Caur.Benchmarks.Running;

namespace Caur.Tests.Benchmarks;

/// <summary>What the report is worked out from.</summary>
public sealed class ResultTests
{
    [Theory]
    [InlineData(new[] { 3.0 }, 3.0, 3.0, 3.0)]
    [InlineData(new[] { 5.0, 1.0, 3.0 }, 3.0, 1.0, 5.0)]
    [InlineData(new[] { 4.0, 1.0, 3.0, 2.0 }, 2.5, 1.0, 4.0)]
    public void Spread_OfValues_IsTheirMedianWithTheirBounds(double[] values, double median, double min, double max) =>
        Spread.Of(values).ShouldBe(new Spread(median, min, max));

    [Fact]
    public void Spread_OfNothing_IsNone() => Spread.Of([]).ShouldBeNull();

    [Theory]
    [InlineData("ms", 10, 100, 10)]
    [InlineData("builds/s", 10, 100, 0.1)]
    public void Ratio_OfALine_SaysHowManyTimesBetterItIs(string unit, double ours, double theirs, double times) =>
        Ratio.Of(Line(unit, ours), Line(unit, theirs))!.Times.Median.ShouldBe(times, 1e-9);

    [Theory]
    [InlineData(5, true, 5, true)]
    [InlineData(5, true, 4.9, false)]
    [InlineData(5, false, 5, true)]
    [InlineData(5, false, 5.1, false)]
    public void Goal_OfAValue_IsMetOnItsSide(double limit, bool atLeast, double value, bool met) =>
        new Goal(limit, atLeast).IsMet(value).ShouldBe(met);

    [Fact]
    public void GeneratedPackages_OfTheLiveSize_HaveItsShape()
    {
        var packages = new GeneratedPackages(GeneratedPackages.LiveFolders);
        packages.Folders.Count.ShouldBe(2_534);
        packages.Folders.Sum(static folder => folder.Pkgnames.Count).ShouldBe(3_189);
        packages.Edges.ShouldBe(5_327);
        packages.Folders.Select(static folder => folder.Pkgbase).ShouldBeUnique();
        Depth(packages).ShouldBe(9);
        new GeneratedPackages(GeneratedPackages.LiveFolders).Folders.SelectMany(static folder => folder.After)
            .ShouldBe(packages.Folders.SelectMany(static folder => folder.After), "it is the same each time");
    }

    private static int Depth(GeneratedPackages packages)
    {
        var byName = packages.Folders.ToDictionary(static folder => folder.Pkgbase);
        var depths = new Dictionary<string, int>(StringComparer.Ordinal);
        return packages.Folders.Max(Of);

        int Of(GeneratedFolder folder)
        {
            if (!depths.TryGetValue(folder.Pkgbase, out var depth))
            {
                depths[folder.Pkgbase] = depth = folder.After.Select(first => Of(byName[first]) + 1).DefaultIfEmpty(0).Max();
            }

            return depth;
        }
    }

    private static Line Line(string unit, double value) =>
        new() { Label = "line", Kind = LineKind.Caur, Unit = unit, Samples = { new Sample(value, 0) } };
}
