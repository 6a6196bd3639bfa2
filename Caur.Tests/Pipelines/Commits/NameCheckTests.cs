using Caur.Pacman;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Reading;

namespace Caur.Tests.Pipelines.Commits;

public sealed class NameCheckTests
{
    private static readonly FarmNames Names = new(["pkgs", "other"], [new FarmTargetName("caur", ["x86_64"]), new FarmTargetName("next", ["x86_64", "aarch64"])]);

    [Theory]
    [InlineData("pkgs", "caur", "x86_64", null)]
    [InlineData("pkgs", "nowhere", "x86_64", "REPO_NAME in .ci/config is 'nowhere', and the farm has no target repository of that name; it has caur, next")]
    [InlineData("nowhere", "caur", "x86_64", "BUILD_REPO in .ci/config is 'nowhere', and the farm has no source repository of that name; it has other, pkgs")]
    [InlineData("caur", "pkgs", "x86_64", "the wrong way round")]
    [InlineData("pkgs", "caur", "aarch64", "caur is not built for aarch64, only for x86_64")]
    [InlineData("pkgs", "next", "aarch64", null)]
    public void Problem_WhenANameResolvesToNothing_SaysWhichThereAre(string source, string target, string arch, string? says)
    {
        var settings = RepositorySettings.Read(CiConfig.Parse($"BUILD_REPO={source}\nREPO_NAME={target}\n"));

        var problem = NameCheck.Problem(settings, Names, [arch]);

        if (says is null)
        {
            problem.ShouldBeNull();
        }
        else
        {
            problem.ShouldNotBeNull().ShouldContain(says);
        }
    }
}
