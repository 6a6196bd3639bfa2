namespace Caur.Tests.Image;

/// <summary><c>.CI/interfere.patch</c>.</summary>
public sealed class PatchTests
{
    private const string Patch = """
        --- a/PKGBUILD
        +++ b/PKGBUILD
        @@ -3,2 +3,2 @@
         pkgver=1.0
        -pkgrel=1
        +pkgrel=4
        --- /dev/null
        +++ b/patched.txt
        @@ -0,0 +1 @@
        +by the patch

        """;

    [Fact]
    public async Task Build_WithAPatch_AppliesItAfterPrepareAndBeforeTheOthers()
    {
        using var build = BuildCase.Of("patched", "check() { cat \"$startdir/patched.txt\"; }")
            .Write(".CI/interfere.patch", Patch)
            .Write(".CI/prepare", "sed -i '1i # a line more, which the patch below must bear' PKGBUILD")
            .Write(".CI/PKGBUILD.append", "pkgrel=$pkgrel$pkgrel");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Version.ShouldBe("1.0-44");
        outcome.Log.ShouldContain("by the patch");
        outcome.Log.ShouldContain("patching file PKGBUILD");
    }

    [Fact]
    public async Task Build_WhenThePatchDoesNotApply_Fails()
    {
        using var build = BuildCase.Of("unpatched").Write(".CI/interfere.patch", Patch.Replace("-pkgrel=1", "-pkgrel=2", StringComparison.Ordinal));

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(1, outcome.Log);
        outcome.Log.ShouldContain("Hunk #1 FAILED");
        outcome.Log.ShouldContain(".CI/interfere.patch does not apply (1).");
        outcome.Packages.ShouldBeEmpty();
    }

    [Fact]
    public async Task Build_WhenThePatchLeavesTheFolder_Fails()
    {
        using var build = BuildCase.Of("leaves").Write(".CI/interfere.patch", "--- /dev/null\n+++ b/../outside.txt\n@@ -0,0 +1 @@\n+text\n");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(1, outcome.Log);
        outcome.Log.ShouldContain(".CI/interfere.patch does not apply");
    }
}
