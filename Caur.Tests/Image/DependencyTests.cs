using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

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
        build.Environment["CAUR_NETWORK_PATIENCE"] = "1";
        await File.WriteAllTextAsync(
            Path.Combine(build.Order, "repositories.conf"), "[farm]\nServer = http://host.invalid/farm\n", TestContext.Current.CancellationToken);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(120, outcome.Log);
        outcome.Log.ShouldContain("The repositories could not be read.");
    }

    [Fact]
    public async Task Build_WhenRepositoryIsAwayForAWhile_WaitsForIt()
    {
        var repository = await SignedRepository.GetAsync();
        var calls = 0;
        await using var server = await Publication.Gateway.StartAsync(app => app.MapGet("/repos/{file}", (string file, HttpContext context) =>
        {
            switch (++calls)
            {
                case 1:
                    context.Abort();
                    return Results.Empty;
                case 2:
                    return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
                default:
                    var path = Path.Combine(repository.Folder, file);
                    return File.Exists(path) ? Results.File(path) : Results.NotFound();
            }
        }));
        using var build = BuildCase.OfSample("hello-libfoo").With(repository);
        build.Network = "host";
        await File.WriteAllTextAsync(
            Path.Combine(build.Order, "repositories.conf"),
            $"[{SignedRepository.Name}]\nSigLevel = Required DatabaseRequired\nServer = {server.Server.Split("/repos/")[0]}/repos\n",
            TestContext.Current.CancellationToken);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("A server is away. Asking again in 1 s.");
        outcome.Log.ShouldContain("Asking again in 2 s.");
        outcome.Log.ShouldContain("hello from libfoo 0.3.0");
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
