using Caur.Pipelines.Changes;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Changes;

public sealed class PosixRegexTests
{
    private static readonly string[] Lines = ["", "a", "source=(\"https://example.org/x\")", "a-b", "a]b", "a\\b", "aaa", "A1_z", "pkgver=1.0", "foo bar", "tab\there", "^$", "a.b", "é"];

    [Theory]
    [InlineData("^source[^)]*https://example\\.org/x")]
    [InlineData("[[:alpha:]][[:digit:]]_")]
    [InlineData("[]a]+b")]
    [InlineData("[a\\]b")]
    [InlineData("[^[:space:]]+[[:space:]]")]
    [InlineData("a{2,3}$")]
    [InlineData("(a|A)1?")]
    [InlineData("\\<bar\\>")]
    [InlineData("\\w+=\\S")]
    [InlineData("[a-]b")]
    [InlineData("\\^\\$")]
    [InlineData("a.b")]
    [InlineData("#| ")]
    [InlineData("^$")]
    public async Task IsMatch_WhenBashKnowsThePattern_IsAsBash(string pattern)
    {
        var regex = PosixRegex.TryParse(pattern, out var problem).ShouldNotBeNull(problem);
        var bash = await Processes.RunAsync(
            "bash", ["-c", "p=$1; shift; for l; do if [[ $l =~ $p ]]; then echo 1; else echo 0; fi; done", "bash", pattern, .. Lines], environment: new Dictionary<string, string> { ["LC_ALL"] = "C.UTF-8" });
        Lines.Select(line => regex.IsMatch(line) ? "1" : "0").ShouldBe(bash.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("a**")]
    [InlineData("(?:a)")]
    [InlineData("(a")]
    [InlineData("[a")]
    [InlineData("(a)\\1")]
    [InlineData("a\\")]
    [InlineData("[[:nope:]]")]
    [InlineData("(((a{999}){999}){999})")]
    public void TryParse_WhenItIsUndefinedOrCostly_IsRefused(string pattern)
    {
        PosixRegex.TryParse(pattern, out var problem).ShouldBeNull();
        problem.ShouldNotBeNullOrEmpty();
    }
}
