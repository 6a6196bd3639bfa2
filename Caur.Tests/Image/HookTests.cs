namespace Caur.Tests.Image;

/// <summary><c>.CI/on-success.sh</c> and <c>.CI/on-failure.sh</c>; that neither runs when a build is skipped is shown by <see cref="InterfereTests"/>.</summary>
public sealed class HookTests
{
    private const string Says = "echo \"$0 in $PWD as $(id -un): $CAUR_EXIT_CODE, $(ls /caur/out | wc -l) archives\"\n";

    private static BuildCase Of(string pkgname, params string[] lines) =>
        BuildCase.Of(pkgname, lines).Write(".CI/on-success.sh", Says).Write(".CI/on-failure.sh", Says);

    [Fact]
    public async Task Build_ThatSucceeds_RunsOnSuccessWhenTheArchivesAreThere()
    {
        using var build = Of("good");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("/caur/src/.CI/on-success.sh in /build/good as root: 0, 1 archives");
        outcome.Log.ShouldNotContain("on-failure.sh");
    }

    [Fact]
    public async Task Build_ThatFails_RunsOnFailureWithTheCode()
    {
        using var build = Of("bad", "build() { echo '#' >.CI/on-failure.sh; return 3; }");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(4, outcome.Log);
        outcome.Log.ShouldContain("/caur/src/.CI/on-failure.sh in /build/bad as root: 4, 0 archives");
        outcome.Log.ShouldNotContain("on-success.sh");
    }

    [Fact]
    public async Task Build_ThatTakesTooLong_RunsOnFailure()
    {
        using var build = new BuildCase("slow") { Limit = 2 };
        build.Write("PKGBUILD", "pkgname=slow pkgver=1 pkgrel=1 arch=(any)\nbuild() { sleep 60; }\npackage() { :; }\n").Write(".CI/on-failure.sh", Says);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(124, outcome.Log);
        outcome.Log.ShouldContain("on-failure.sh in /build/slow as root: 124, 0 archives");
    }

    [Fact]
    public async Task Build_WhenTheScriptFailsOrHangs_KeepsItsOutcome()
    {
        using var fails = BuildCase.Of("hookfails").Write(".CI/on-success.sh", "exit 123");
        using var hangs = new BuildCase("hookhangs") { Limit = 30 };
        foreach (var file in (string[])["PKGBUILD"])
        {
            hangs.Write(file, await File.ReadAllTextAsync(Path.Combine(fails.Source, file), TestContext.Current.CancellationToken));
        }

        hangs.Write(".CI/on-success.sh", "sleep 300 & sleep 300");

        var outcomes = await Task.WhenAll(fails.RunAsync(), hangs.RunAsync());

        outcomes.Select(outcome => outcome.ExitCode).ShouldBe([0, 0], outcomes[0].Log + outcomes[1].Log);
        outcomes[0].Log.ShouldContain(".CI/on-success.sh failed (123). The build's outcome is what it was.");
        outcomes[1].Log.ShouldContain("seconds and was ended.");
    }
}
