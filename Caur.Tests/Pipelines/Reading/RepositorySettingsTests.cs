using Caur.Pacman;
using Caur.Pipelines.Reading;

namespace Caur.Tests.Pipelines.Reading;

public sealed class RepositorySettingsTests
{
    /// <summary>The settings of the largest repository of this kind, as they are written there.</summary>
    [Fact]
    public void Read_WhenTheTextIsALiveRepositorys_ReadsAllOfIt()
    {
        var settings = Read("""
            BUILD_REPO=pkgs
            CI_CODE_SKIP=12
            CI_DEFAULT_CLASS=5
            CI_HUMAN_REVIEW=true
            CI_LIB_DB="https://a.example.org/core/os/x86_64/core.db https://b.example.org/x.db"
            CI_MANAGE_AUR=true
            CI_REBUILD_BLACKLIST="glibc:gcc-libs"
            CI_REBUILD_TRIGGERS=icu
            CI_CLONE_DELAY=1.5
            CI_MAX_PARALLEL=3
            CI_AUR_PROXY=http://proxy:3128
            CI_OVERWRITE_COMMITS=true
            CI_NVCHECKER_REVIEW=false
            CI_HUMAN_REVIEW_ASSIGNEE=someone
            GIT_AUTHOR_EMAIL=ci@example.org
            GIT_AUTHOR_NAME="Chaotic CI"
            REDIS_SSH_HOST=farm.example.org
            REDIS_SSH_PORT=270
            REDIS_SSH_USER=package-deployer
            REPO_NAME=chaotic
            TEMPLATE_ENABLE_UPDATES=false
            UNKNOWN=kept
            """);

        settings.Problems.ShouldBeEmpty();
        (settings.SourceRepository, settings.TargetRepository).ShouldBe(("pkgs", "chaotic"));
        (settings.SkipCode, settings.DefaultClass, settings.MaxParallel, settings.CloneDelay).ShouldBe((12, "5", 3, TimeSpan.FromSeconds(1.5)));
        (settings.HumanReview, settings.ManageAur, settings.OverwriteCommits, settings.NvcheckerReview, settings.TemplateUpdates)
            .ShouldBe((true, true, true, false, false));
        settings.LibraryDatabases.ShouldBe(["https://a.example.org/core/os/x86_64/core.db", "https://b.example.org/x.db"]);
        settings.RebuildBlacklist.ShouldBe(["glibc", "gcc-libs"]);
        settings.RebuildTriggers.ShouldBe(["icu"]);
        (settings.AuthorName, settings.AuthorEmail, settings.ReviewAssignee).ShouldBe(("Chaotic CI", "ci@example.org", "someone"));
        (settings.TunnelHost, settings.TunnelPort, settings.TunnelUser).ShouldBe(("farm.example.org", 270, "package-deployer"));
        settings.AurProxy.ShouldBe("http://proxy:3128");
    }

    [Fact]
    public void Read_WhenNothingIsSet_HasTheTemplatesDefaults()
    {
        var settings = Read("");

        (settings.SourceRepository, settings.TargetRepository, settings.SkipCode, settings.MaxParallel, settings.CloneDelay)
            .ShouldBe(("chaotic-aur", "chaotic-aur", 123, 8, TimeSpan.Zero));
        (settings.HumanReview, settings.ManageAur, settings.NvcheckerReview, settings.TemplateUpdates).ShouldBe((false, false, true, true));
        (settings.TunnelHost, settings.DefaultClass, settings.AurProxy).ShouldBe((null, null, null));
        settings.Problems.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("BUILD_REPO=$(touch /tmp/sprung)", "BUILD_REPO")]
    [InlineData("REPO_NAME=a b", "REPO_NAME")]
    [InlineData("REPO_NAME=../x", "REPO_NAME")]
    [InlineData("CI_DEFAULT_CLASS=`id`", "CI_DEFAULT_CLASS")]
    [InlineData("REDIS_SSH_PORT=22; reboot", "REDIS_SSH_PORT")]
    [InlineData("REDIS_SSH_PORT=70000", "REDIS_SSH_PORT")]
    [InlineData("CI_MAX_PARALLEL=0", "CI_MAX_PARALLEL")]
    [InlineData("CI_CODE_SKIP=x", "CI_CODE_SKIP")]
    [InlineData("CI_CLONE_DELAY=-1", "CI_CLONE_DELAY")]
    [InlineData("CI_CLONE_DELAY=1e9", "CI_CLONE_DELAY")]
    [InlineData("CI_HUMAN_REVIEW=yes", "CI_HUMAN_REVIEW")]
    [InlineData("CI_LIB_DB=file:///etc/passwd", "CI_LIB_DB")]
    [InlineData("CI_REBUILD_TRIGGERS=a:-b", "CI_REBUILD_TRIGGERS")]
    [InlineData("GIT_AUTHOR_NAME=a <b@c>", "GIT_AUTHOR_NAME")]
    [InlineData("CI_AUR_PROXY=nothing", "CI_AUR_PROXY")]
    public void Read_WhenAValueCannotBeMeant_NamesTheKeyAndHasTheDefault(string text, string key)
    {
        var settings = Read(text);

        settings.Problems.Keys.ShouldBe([key]);
        settings.Problems[key].ShouldStartWith($"{key} in .ci/config is '");
        (settings.LibraryDatabases.Length, settings.RebuildTriggers.Length).ShouldBe((0, 0));
        (settings with { Problems = Read("").Problems }).ToString().ShouldBe(Read("").ToString());
    }

    [Theory]
    [InlineData("false", 0)]
    [InlineData("true", 1)]
    [InlineData("30", 30)]
    public void Read_WhenTheDelayIsAWordOfTheManual_TakesIt(string text, double seconds) =>
        Read($"CI_CLONE_DELAY={text}").CloneDelay.ShouldBe(TimeSpan.FromSeconds(seconds));

    [Fact]
    public void Read_WhenATextHasShellSyntax_TakesItAsItIs() =>
        Read("GIT_AUTHOR_NAME=\"$(id) `id` ${HOME} ; true\"").AuthorName.ShouldBe("$(id) `id` ${HOME} ; true");

    private static RepositorySettings Read(string text) => RepositorySettings.Read(CiConfig.Parse(text));
}
