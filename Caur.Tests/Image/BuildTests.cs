namespace Caur.Tests.Image;

/// <summary>The build script with packages that need nothing but the image.</summary>
public sealed class BuildTests
{
    [Fact]
    public async Task Build_WhenFolderHoldsAScript_HandsOverThePackageAndItsVersion()
    {
        using var build = BuildCase.OfSample("hello-script");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Packages.ShouldBe(["hello-script-1.0-1-any.pkg.tar.zst"]);
        outcome.Version.ShouldBe("1.0-1");
        outcome.Log.ShouldContain("==> Building hello-script for farm/");
    }

    [Fact]
    public async Task Build_WhenProgramIsC_CompilesAndRunsItsTests()
    {
        using var build = BuildCase.OfSample("hello-c");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("Starting check()");
        outcome.Packages.ShouldBe([$"hello-c-2.1.3-1-{Machine.Arch}.pkg.tar.zst"]);
    }

    [Fact]
    public async Task Build_WhenPkgverFunctionChangesVersion_ReportsTheNewOneAndKeepsTheSourcesInTheCache()
    {
        using var build = BuildCase.OfSample("hello-vcs-git");
        var cache = Directory.CreateDirectory(Path.Combine(build.Out, "..", "cache")).FullName;
        build.Mount(cache, "/caur/cache");
        var recipe = await File.ReadAllTextAsync(Path.Combine(build.Source, "PKGBUILD"), TestContext.Current.CancellationToken);
        build.Write("PKGBUILD", recipe.Replace("pkgver=r3.", "pkgver=r1.", StringComparison.Ordinal));

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Version.ShouldBe("r3.1baf271-1");
        outcome.Packages.ShouldBe(["hello-vcs-git-r3.1baf271-1-any.pkg.tar.zst"]);
        Directory.Exists(Path.Combine(cache, "hello-vcs", "objects")).ShouldBeTrue();
    }

    [Fact]
    public async Task Build_WhenNameHasEverySignThatIsLegal_KeepsItEverywhere()
    {
        using var build = BuildCase.Of("@We.ird_Na-me++", "epoch=2", "pkgrel=1.2");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Version.ShouldBe("2:1.0-1.2");
        outcome.Packages.ShouldBe(["@We.ird_Na-me++-2:1.0-1.2-any.pkg.tar.zst"]);
    }

    [Fact]
    public async Task Build_WhenItRuns_HasNoPrivilegesNoInputAndNoStrayEnvironment()
    {
        using var build = BuildCase.Of(
            "modest",
            """
            build() {
              echo "uid=$(id -u) $(grep -E 'CapEff|NoNewPrivs' /proc/self/status | tr -s '\t\n' ' ')"
              echo "jobs=$MAKEFLAGS by=$PACKAGER home=$HOME stray=${HOSTNAME_STRAY:-none}"
              if read -r line; then return 1; fi
              echo nothing to read
              if touch /etc/owned || touch /caur/out/owned; then return 1; fi
            }
            """);
        build.Environment["HOSTNAME_STRAY"] = "seen";

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("uid=1000 CapEff: 0000000000000000 NoNewPrivs: 1");
        outcome.Log.ShouldContain("jobs=-j2 by=Tester <tester@example.org> home=/home/builder stray=none");
        outcome.Log.ShouldContain("\nnothing to read\n");
    }

    [Fact]
    public async Task Build_WhenFolderIsCalledOtherwise_WarnsAndBuilds()
    {
        using var build = BuildCase.Of("folder", "pkgname=inside");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("WARNING: The folder is called folder, but its PKGBUILD builds inside");
        outcome.Packages.ShouldBe(["inside-1.0-1-any.pkg.tar.zst"]);
    }

    [Fact]
    public async Task Build_WhenPkgextDiffers_HandsOverWhatWasMade()
    {
        using var build = BuildCase.Of("other-ext", "PKGEXT=.pkg.tar.xz");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Packages.ShouldBe(["other-ext-1.0-1-any.pkg.tar.xz"]);
    }
}
