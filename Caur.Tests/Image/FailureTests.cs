namespace Caur.Tests.Image;

/// <summary>Packages at fault: each ends with a code that is not the environment's, and says what to do.</summary>
public sealed class FailureTests
{
    [Fact]
    public async Task Build_WhenThereIsNoPkgbuild_SaysSo()
    {
        using var build = new BuildCase("empty-folder");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(12, outcome.Log);
        outcome.Log.ShouldContain("The folder empty-folder has no PKGBUILD.");
    }

    [Fact]
    public async Task Build_WhenPkgbuildIsNoBash_PassesOnWhatMakepkgSays()
    {
        using var build = new BuildCase("broken").Write("PKGBUILD", "pkgname=broken\npackage() {\n");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBeOneOf(1, 6, 12);
        outcome.Log.ShouldContain("syntax error");
        outcome.Log.ShouldContain("makepkg does not accept this PKGBUILD");
    }

    [Fact]
    public async Task Build_WhenVersionIsIllegal_IsRefusedByMakepkg()
    {
        using var build = BuildCase.Of("bad-version", "pkgver=1-0");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(12, outcome.Log);
        outcome.Log.ShouldContain("pkgver is not allowed to contain");
    }

    [Fact]
    public async Task Build_WhenChecksumIsWrong_Fails()
    {
        using var build = BuildCase.Of("bad-sum", "source=(file)", $"sha256sums=({new string('0', 64)})").Write("file", "text");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(1, outcome.Log);
        outcome.Log.ShouldContain("file ... FAILED");
        outcome.Packages.ShouldBeEmpty();
    }

    [Fact]
    public async Task Build_WhenAFunctionFails_EndsWithMakepkgsCode()
    {
        using var build = BuildCase.OfSample("fails");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(4, outcome.Log);
        outcome.Log.ShouldContain("A function of the PKGBUILD failed (4).");
        outcome.Packages.ShouldBeEmpty();
        outcome.Version.ShouldBeNull();
    }

    [Theory]
    [InlineData(13)]
    [InlineData(120)]
    [InlineData(124)]
    public async Task Build_WhenPackageEndsWithACodeOfTheEnvironment_IsAFailureOfThePackage(int code)
    {
        using var build = BuildCase.Of("pretends", $"build() {{ exit {code}; }}");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(1, outcome.Log);
        outcome.Log.ShouldContain($"makepkg failed ({code})");
    }

    [Fact]
    public async Task Build_WhenPackageIsForAnotherArch_IsRefusedByMakepkg()
    {
        using var build = BuildCase.Of("elsewhere", $"arch=({Machine.OtherArch})");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(12, outcome.Log);
        outcome.Log.ShouldContain("is not available for");
    }

    [Fact]
    public async Task Build_WhenOrderIsForAnotherArch_IsTheEnvironmentsFault()
    {
        using var build = new BuildCase("any") { Arch = Machine.OtherArch };

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(120, outcome.Log);
        outcome.Log.ShouldContain($"Send {Machine.OtherArch} builds to a builder of that arch.");
    }

    [Theory]
    [InlineData("")]
    [InlineData("../etc")]
    public async Task Build_WhenPkgbaseIsNoName_IsTheEnvironmentsFault(string pkgbase)
    {
        using var build = new BuildCase(pkgbase);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(120, outcome.Log);
        outcome.Log.ShouldContain($"CAUR_PKGBASE is '{pkgbase}', which is no pkgbase.");
    }

    [Fact]
    public async Task Build_WhenKeyIsNone_IsTheEnvironmentsFault()
    {
        using var build = BuildCase.OfSample("hello-script");
        await File.WriteAllTextAsync(Path.Combine(build.Order, "keys", "farm.asc"), "no key", TestContext.Current.CancellationToken);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(120, outcome.Log);
        outcome.Log.ShouldContain("farm.asc holds no public key.");
    }

    [Fact]
    public async Task Build_WhenRepositoriesAreNoConfiguration_IsTheEnvironmentsFault()
    {
        using var build = BuildCase.OfSample("hello-script");
        await File.WriteAllTextAsync(Path.Combine(build.Order, "repositories.conf"), "[farm\n", TestContext.Current.CancellationToken);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(120, outcome.Log);
    }
}
