using Caur.Pacman;

namespace Caur.Tests.Pacman;

public sealed class DependencyTests
{
    [Theory]
    [InlineData("foo", "foo", DependencyOperator.Any, null, null)]
    [InlineData("foo>=1.2", "foo", DependencyOperator.GreaterOrEqual, "1.2", null)]
    [InlineData("foo<=1:1.2-3", "foo", DependencyOperator.LessOrEqual, "1:1.2-3", null)]
    [InlineData("foo>1", "foo", DependencyOperator.Greater, "1", null)]
    [InlineData("foo<1", "foo", DependencyOperator.Less, "1", null)]
    [InlineData("libx.so=1-64", "libx.so", DependencyOperator.Equal, "1-64", null)]
    [InlineData("gtk+: for the window", "gtk+", DependencyOperator.Any, null, "for the window")]
    [InlineData("foo=1:2: why: because", "foo", DependencyOperator.Equal, "1:2", "why: because")]
    [InlineData("foo:", "foo", DependencyOperator.Any, null, "")]
    public void Parse_WhenDependencyIsLegal_RoundTrips(string text, string name, DependencyOperator op, string? version, string? words)
    {
        var dependency = Dependency.Parse(text);
        dependency.Name.ToString().ShouldBe(name);
        dependency.Operator.ShouldBe(op);
        dependency.Version?.ToString().ShouldBe(version);
        dependency.Version.HasValue.ShouldBe(version is not null);
        dependency.Description.ShouldBe(words);
        dependency.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("")]
    [InlineData(">=1")]
    [InlineData("foo>=")]
    [InlineData("foo=>1")]
    [InlineData("foo bar")]
    [InlineData("foo>=1 2")]
    [InlineData("!foo")]
    public void TryParse_WhenDependencyIsIllegal_Refuses(string text) => Dependency.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("foo", "foo", "1-1", true)]
    [InlineData("foo", "foo", null, true)]
    [InlineData("foo", "bar", "1-1", false)]
    [InlineData("foo=1.2", "foo", "1.2-7", true)]
    [InlineData("foo=1.2-6", "foo", "1.2-7", false)]
    [InlineData("foo>=1.2", "foo", "1.2-1", true)]
    [InlineData("foo>1.2", "foo", "1.2-9", false)]
    [InlineData("foo<2", "foo", "1:1-1", false)]
    [InlineData("foo>=1.2", "foo", null, false)]
    public void IsSatisfiedBy_WhenGivenPackage_ComparesNameAndVersion(string dependency, string name, string? version, bool expected) =>
        Dependency.Parse(dependency)
            .IsSatisfiedBy(PackageName.Parse(name), version is null ? null : PackageVersion.Parse(version))
            .ShouldBe(expected);

    [Theory]
    [InlineData("sh", "sh", true)]
    [InlineData("sh", "sh=5", true)]
    [InlineData("sh>=4", "sh=5", true)]
    [InlineData("sh>=6", "sh=5", false)]
    [InlineData("sh>=4", "sh", false)]
    [InlineData("sh=5", "sh>=5", false)]
    [InlineData("libx.so=1-64", "libx.so=1-64", true)]
    [InlineData("libx.so=1-64", "libx.so=1-32", false)]
    [InlineData("libx.so", "libx.so=1-32", true)]
    public void IsSatisfiedBy_WhenGivenProvision_FollowsAlpm(string dependency, string provision, bool expected) =>
        Dependency.Parse(dependency)
            .IsSatisfiedBy(PackageName.Parse("other"), PackageVersion.Parse("9-1"), [Dependency.Parse(provision)])
            .ShouldBe(expected);
}
