using System.Text.Json;
using Caur.Api.Queue;

namespace Caur.Tests.Cli;

/// <summary>What the gateway takes as a wish to schedule.</summary>
public sealed class ScheduleBodyCheckTests
{
    [Fact]
    public void Problem_WhenManyPackagesAreNamed_HasALimit()
    {
        ScheduleBodyCheck.Problem(Body(Enumerable.Repeat("a", ScheduleBodyCheck.MaxPackages))).ShouldBeNull();
        ScheduleBodyCheck.Problem(Body(Enumerable.Repeat("a", ScheduleBodyCheck.MaxPackages + 1))).ShouldNotBeNull().ShouldContain("10000 are the most");
    }

    [Fact]
    public void Problem_WhenNamesAreWrong_NamesAllOfThem()
    {
        var problem = ScheduleBodyCheck.Problem(Body(["good", "a/b", "-c", new string('x', 300)])).ShouldNotBeNull();
        problem.ShouldContain("'a/b', '-c', 'xxx");
        problem.ShouldNotContain("good");
        problem.Length.ShouldBeLessThan(200);
        ScheduleBodyCheck.Problem(Body([]) with { Packages = [null!] }).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("9", null)]
    [InlineData("\"catbuilder\"", null)]
    [InlineData("null", null)]
    [InlineData("\"\"", null)]
    [InlineData("-1", "'-1' is no builder class")]
    [InlineData("1.5", "'1.5' is no builder class")]
    [InlineData("99999999999", "up to 2147483647")]
    [InlineData("\"99999999999\"", "too large")]
    [InlineData("\"a b\"", "'a b' is no builder class")]
    [InlineData("{\"a\":1}", "no builder class")]
    [InlineData("true", "'true' is no builder class")]
    public void Problem_WhenTheClassIsOdd_SaysSo(string json, string? says)
    {
        var body = Body([]) with { Packages = [new ScheduleBodyPackage { Pkgbase = "a", BuildClass = JsonSerializer.Deserialize<JsonElement>(json) }] };
        var problem = ScheduleBodyCheck.Problem(body);
        if (says is null)
        {
            problem.ShouldBeNull();
        }
        else
        {
            problem.ShouldNotBeNull().ShouldContain(says);
        }
    }

    private static ScheduleBody Body(IEnumerable<string> names) => new()
    {
        SourceRepo = "s",
        TargetRepo = "t",
        Packages = [.. names.Select(name => new ScheduleBodyPackage { Pkgbase = name })],
    };
}
