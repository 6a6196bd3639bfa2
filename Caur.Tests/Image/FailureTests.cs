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

    /// <summary>makepkg asks for some eighty variables of each function, and the image makes these questions cheap.</summary>
    [Fact]
    public async Task Build_WhenPackageFunctionsSetWhatTheyMayNot_IsRefusedByMakepkgForEachReason()
    {
        using var build = BuildCase.Of(
            "lib++",
            "pkgname=(lib++ lib++-doc)",
            "arch=(x86_64 aarch64)",
            "package_lib++() { source=(file); pkgver=2; makedepends_aarch64=(tool); depends_x86_64=text; }",
            "shopt -s nocasematch",
            "readonly text=1 line=2 code=3",
            "package_lib++-doc() { SOURCE=(other); depends=text; pkgdesc=(several words); backup=(/etc/absolute); provides+=(); }");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(12, outcome.Log);
        outcome.Log.Split('\n').Where(line => line.StartsWith("==> ERROR: ", StringComparison.Ordinal)).Select(line => line["==> ERROR: ".Length..]).ShouldBe(
            [
                "backup entry should not contain leading slash : /etc/absolute",
                "Extra package() function for split package 'lib++'",
                "makedepends_aarch64 can not be set inside a package function",
                "source can not be set inside a package function",
                "pkgver can not be set inside a package function",
                "depends_x86_64 should be an array",
                "depends should be an array",
                "pkgdesc should not be an array",
                "makepkg refuses the PKGBUILD (12).",
            ],
            ignoreOrder: true,
            outcome.Log);
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
    [InlineData(121)]
    [InlineData(122)]
    [InlineData(124)]
    public async Task Build_WhenPackageEndsWithACodeOfTheEnvironment_IsAFailureOfThePackage(int code)
    {
        using var build = BuildCase.Of("pretends", $"build() {{ exit {code}; }}");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(1, outcome.Log);
        outcome.Log.ShouldContain($"makepkg failed ({code})");
    }

    [Theory]
    [InlineData("size=12m", "head -c 20M /dev/zero >large", "0 KiB are free at /build")]
    [InlineData("nr_inodes=100", "for ((i = 0; i < 200; i++)); do : >file$i; done", "0 files are free at /build")]
    public async Task Build_WhenTheDiskIsFull_EndsWithTheCodeOfThat(string disk, string line, string said)
    {
        // Where the PKGBUILD is read first: makepkg has no part in it.
        using var build = new BuildCase("fills").Write("PKGBUILD", $"{line}\nexit 5\n").Small("/build", disk);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(121, outcome.Log);
        outcome.Log.ShouldContain("No space left on device");
        outcome.Log.ShouldContain($"The disk is full: {said}.");
    }

    /// <summary>Only a child is killed, and engines do not see that of themselves everywhere.</summary>
    [Fact]
    public async Task Build_WhenMemoryRunsOut_EndsWithTheCodeOfThat()
    {
        using var build = new BuildCase("grows") { Memory = "48m" }.Write(
            "PKGBUILD", $"awk 'BEGIN {{ while (1) a[i++] = \"{new string('x', 100)}\" i }}'\nexit 5\n");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(122, outcome.Log);
        outcome.Log.ShouldContain("for want of memory");
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
