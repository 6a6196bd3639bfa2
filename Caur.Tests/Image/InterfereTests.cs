namespace Caur.Tests.Image;

/// <summary>The files in .CI/ that change a build.</summary>
public sealed class InterfereTests
{
    [Fact]
    public async Task Build_WhenAllThreeFilesAreThere_AppliesEach()
    {
        using var build = BuildCase.OfSample("hello-interfere");
        build.Write("PKGBUILD", await File.ReadAllTextAsync(Path.Combine(build.Source, "PKGBUILD"), TestContext.Current.CancellationToken) +
            "check() { sed -e \"s/@prepended@/$_prepended/\" -e \"s/@appended@/$(_appended)/\" hello-interfere.sh | bash; }\n");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("prepare: the farm, prepend: the farm, append: the farm");
    }

    [Theory]
    [InlineData(".CI/prepare", ".CI/prepare returned 123")]
    [InlineData(".CI/PKGBUILD.prepend", "PKGBUILD returned 123")]
    [InlineData(".CI/PKGBUILD.append", "PKGBUILD returned 123")]
    public async Task Build_WhenAFileReturnsTheSkipCode_IsSkippedAndRunsNoHook(string file, string said)
    {
        using var build = BuildCase.Of("skips").Write(file, "echo because of upstream\nreturn $CI_CODE_SKIP")
            .Write(".CI/on-success.sh", "echo told").Write(".CI/on-failure.sh", "echo told");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(123, outcome.Log);
        outcome.Log.ShouldContain("because of upstream");
        outcome.Log.ShouldContain($"==> Skipped: {said} (CI_CODE_SKIP)");
        outcome.Log.ShouldNotContain("Running .CI/on-");
        outcome.Log.ShouldNotContain("told");
        outcome.Packages.ShouldBeEmpty();
    }

    [Fact]
    public async Task Build_WhenPrepareFails_Fails()
    {
        using var build = BuildCase.Of("unprepared").Write(".CI/prepare", "echo about to fail\nfalse\necho not reached\n");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(1, outcome.Log);
        outcome.Log.ShouldContain("about to fail");
        outcome.Log.ShouldNotContain("not reached");
        outcome.Log.ShouldContain(".CI/prepare failed (1).");
    }

    [Fact]
    public async Task Build_WhenPrepareMakesFilesAsRoot_BuilderMayWriteThem()
    {
        using var build = BuildCase.Of("prepared", "build() { cd \"$startdir\"; echo more >>made; cat made; }")
            .Write(".CI/prepare", "echo \"made by $(id -un) in $PWD\" >made\nchmod 600 made\n");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("made by root in /build/prepared\nmore");
    }

    [Fact]
    public async Task Build_WhenFilesAreEmptyOrLackNewlines_JoinsThemWhole()
    {
        using var build = BuildCase.Of("joined", "pkgdesc=text")
            .Write(".CI/prepare", "").Write(".CI/PKGBUILD.prepend", "_first=1").Write(".CI/PKGBUILD.append", "pkgrel=7").Write(".CI/config", "");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Version.ShouldBe("1.0-7");
        outcome.Log.ShouldNotContain("Interfere: .CI/prepare");
    }
}
