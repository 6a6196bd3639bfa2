namespace Caur.Tests.Image;

/// <summary>A build that would make what the target repository has ends early, and only then.</summary>
public sealed class AlreadyBuiltTests
{
    [Fact]
    public async Task Build_WhenAllPackagesArePublished_EndsBeforeMakepkg()
    {
        using var build = BuildCase.OfSample("splitlib")
            .Published($"libfoo-1:0.3.0-2-{Machine.Arch}.pkg.tar.xz", $"foo-tools-1:0.3.0-2-{Machine.Arch}.pkg.tar.zst", "libfoo-1:0.2.0-1-any.pkg.tar.zst");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(13, outcome.Log);
        outcome.Log.ShouldContain($"-> foo-tools-1:0.3.0-2-{Machine.Arch}\n");
        outcome.Log.ShouldNotContain("Running makepkg");
        outcome.Packages.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("one-1.0-1-any.pkg.tar.zst")]
    [InlineData("one-0.9-1-any.pkg.tar.zst", "two-0.9-1-any.pkg.tar.zst")]
    [InlineData("one-1.0-1-any.pkg.tar.zst", "two-debug-1.0-1-any.pkg.tar.zst")]
    public async Task Build_WhenOnePackageIsMissing_StartsMakepkg(params string[] published)
    {
        using var build = BuildCase.Of("one", "pkgname=(one two)", "package_one() { :; }", "package_two() { :; }", "unset -f package", "build() { exit 42; }")
            .Published(published);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(42, outcome.Log);
    }

    [Fact]
    public async Task Build_WhenPkgverFunctionFindsAPublishedVersion_EndsAfterIt()
    {
        using var build = BuildCase.OfSample("hello-vcs-git").Published("hello-vcs-git-r3.1baf271-1-any.pkg.tar.zst");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(13, outcome.Log);
        outcome.Log.ShouldContain("Starting pkgver()");
        outcome.Log.ShouldNotContain("Starting package()");
    }

    [Fact]
    public async Task Build_WhenPkgverFunctionFindsANewVersion_GoesOnWithTheSameSources()
    {
        using var build = BuildCase.OfSample("hello-vcs-git").Published("hello-vcs-git-r2.60c1701-1-any.pkg.tar.zst");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Version.ShouldBe("r3.1baf271-1");
        outcome.Log.Split("Cloning hello-vcs").Length.ShouldBe(2, outcome.Log);
    }
}
