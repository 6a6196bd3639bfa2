namespace Caur.Tests.Image;

/// <summary>Dependencies come from the repositories of the order, signed, or the build says which cannot be had.</summary>
public sealed class DependencyTests
{
    [Fact]
    public async Task Build_WhenLibraryComesFromOurRepository_LinksAndRuns()
    {
        using var build = BuildCase.OfSample("hello-libfoo").With(await SignedRepository.GetAsync());

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("Installing dependencies: libfoo>=1:0.3 foo-tools>=1:0.3");
        outcome.Log.ShouldContain("hello from libfoo 0.3.0: 40 + 2 = 42");
    }

    [Fact]
    public async Task Build_WhenCheckNeedsWhatAnotherProvides_InstallsThat()
    {
        using var build = BuildCase.OfSample("Hello++").With(await SignedRepository.GetAsync());

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("installing hello-script...");
        outcome.Log.ShouldContain("hello from a script, checked by Hello++");
    }

    [Fact]
    public async Task Build_WhenCheckIsTurnedOff_DoesWithoutItsDependencies()
    {
        using var build = BuildCase.Of("unchecked", "checkdepends=(nowhere-to-be-had)", "check() { false; }", "BUILDENV+=('!check')");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
    }

    [Fact]
    public async Task Build_WhenDependencyIsOnlyForThisArch_InstallsIt()
    {
        using var build = BuildCase.Of(
                "native", $"arch=({Machine.Arch})", $"makedepends_{Machine.Arch}=(hello-script)", $"makedepends_{Machine.OtherArch}=(nowhere-to-be-had)", "build() { hello-script native; }")
            .With(await SignedRepository.GetAsync());

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("hello from a script, native");
    }

    [Theory]
    [InlineData("nowhere-to-be-had")]
    [InlineData("libfoo>=2:0")]
    public async Task Build_WhenDependencyCannotBeHad_NamesIt(string dependency)
    {
        using var build = BuildCase.Of("wants", $"depends=(bash hello-script '{dependency}')").With(await SignedRepository.GetAsync());

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(8, outcome.Log);
        outcome.Log.ShouldContain($"ERROR: Dependency not available: {dependency} (");
        outcome.Log.ShouldNotContain("Dependency not available: hello-script");
    }

    [Fact]
    public async Task Build_WhenThereIsNoRepository_NamesWhatIsMissing()
    {
        using var build = BuildCase.Of("alone", "makedepends=(libfoo)");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(8, outcome.Log);
        outcome.Log.ShouldContain("Missing: libfoo. This build was given no repository");
    }

    [Fact]
    public async Task Build_WhenRepositoryIsSignedByAStranger_IsTheEnvironmentsFault()
    {
        using var build = BuildCase.OfSample("hello-libfoo").With(await SignedRepository.GetAsync(), trusted: false);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(120, outcome.Log);
        outcome.Log.ShouldContain("its key must be among the keys that this build was given");
        outcome.Log.ShouldNotContain("installing libfoo");
    }

    [Fact]
    public async Task Build_WhenRepositoryCannotBeReached_IsTheEnvironmentsFault()
    {
        using var build = BuildCase.Of("offline", "depends=(libfoo)");
        await File.WriteAllTextAsync(
            Path.Combine(build.Order, "repositories.conf"), "[farm]\nServer = http://host.invalid/farm\n", TestContext.Current.CancellationToken);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(120, outcome.Log);
        outcome.Log.ShouldContain("The repositories could not be read.");
    }

    [Fact]
    public async Task Build_WhenRepositoryCannotBeReachedButNothingIsMissing_Builds()
    {
        using var build = BuildCase.OfSample("hello-script");
        await File.WriteAllTextAsync(
            Path.Combine(build.Order, "repositories.conf"), "[farm]\nServer = http://host.invalid/farm\n", TestContext.Current.CancellationToken);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
    }
}
