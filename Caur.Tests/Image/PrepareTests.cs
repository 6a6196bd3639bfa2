namespace Caur.Tests.Image;

/// <summary>What <c>.CI/prepare</c> may do for the build that follows: export, and push commands.</summary>
public sealed class PrepareTests
{
    [Fact]
    public async Task Build_WhenPrepareExportsAndPushes_TheBuildSeesBothInOrder()
    {
        using var build = BuildCase.Of("pushes", """
            build() { echo "build: $FROM_PREPARE $FROM_PUSH as $(id -un), home $HOME, packages $PKGDEST"; cat /etc/pushed; }
            """)
            .Write(".CI/prepare", """
                export FROM_PREPARE=prepared PKGDEST=/tmp
                $CAUR_PUSH 'export FROM_PUSH="$(cat later)"'
                $CAUR_PUSH 'yes | head -n 1 >/etc/pushed'
                $CAUR_PUSH "echo early=$(ls later 2>/dev/null)."
                echo 'from the first one'   >later
                echo 'prepare is done'
                return 0
                """);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Packages.ShouldBe(["pushes-1.0-1-any.pkg.tar.zst"]);
        outcome.Log.ShouldContain("build: prepared from the first one as builder, home /home/builder, packages /build/.packages\ny\n");
        outcome.Log.ShouldContain("early=.");
        outcome.Log.IndexOf("prepare is done", StringComparison.Ordinal)
            .ShouldBeLessThan(outcome.Log.IndexOf("Interfere: what .CI/prepare pushed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("$CAUR_PUSH 'echo one' \n$CAUR_PUSH 'false'\n$CAUR_PUSH 'echo two'", 1, "A command that .CI/prepare pushed failed (1).")]
    [InlineData("$CAUR_PUSH 'echo one'\n$CAUR_PUSH 'exit $CI_CODE_SKIP'\n$CAUR_PUSH 'echo two'", 123, "Skipped: What .CI/prepare pushed returned 123")]
    public async Task Build_WhenAPushedCommandFails_EndsThere(string prepare, int code, string said)
    {
        using var build = BuildCase.Of("pushed").Write(".CI/prepare", prepare);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(code, outcome.Log);
        outcome.Log.ShouldContain("\none\n");
        outcome.Log.ShouldNotContain("\ntwo\n");
        outcome.Log.ShouldContain(said);
        outcome.Packages.ShouldBeEmpty();
    }

    [Fact]
    public async Task Build_WhenPrepareWantsAPackage_FindsTheRepositoriesRead()
    {
        using var build = BuildCase.Of("installs", "check() { hello-script; }")
            .Write(".CI/prepare", "pacman -S --noconfirm hello-script").With(await SignedRepository.GetAsync());

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("installing hello-script");
    }
}
