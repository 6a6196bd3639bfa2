using Caur.Tests.Support;

namespace Caur.Tests.Image;

/// <summary><c>replaces</c> and <c>groups</c>, which a farm's packages do not have unless <c>BUILDER_ALLOW_PROHIBITED</c> is true; and namcap.</summary>
public sealed class ProhibitedTests
{
    private static readonly string[] Prohibiting =
        ["groups=(of-others)", "replaces=('everything<3')", "package() { replaces=(more) groups=(again); install -d \"$pkgdir/usr\"; }"];

    [Theory]
    [InlineData(null, "")]
    [InlineData("false", "")]
    [InlineData("true", "replaces = more,group = again")]
    public async Task Build_WithGroupsAndReplaces_KeepsThemOnlyWhenAllowed(string? allowed, string kept)
    {
        using var build = BuildCase.Of("prohibited", Prohibiting);
        if (allowed is not null)
        {
            build.Environment["BUILDER_ALLOW_PROHIBITED"] = allowed;
        }

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        var info = await Processes.RunAsync("bsdtar", ["-xOqf", Path.Combine(build.Out, outcome.Packages.Single()), ".PKGINFO"]);
        string.Join(',', info.Output.Split('\n').Where(line => line.StartsWith("group", StringComparison.Ordinal) || line.StartsWith("replaces", StringComparison.Ordinal)))
            .ShouldBe(kept);
        info.Output.ShouldContain("pkgname = prohibited\n");
        outcome.Log.Contains("Left out of the packages: groups of-others, replaces everything<3", StringComparison.Ordinal).ShouldBe(kept.Length == 0);
    }

    [Fact]
    public async Task Build_WhereTheImageHasNamcap_KeepsWhatItSaysAndDoesNotMindItsCode()
    {
        using var build = BuildCase.Of("linted").Write(".CI/prepare", """
            mkdir -p /usr/local/bin
            printf '#!/bin/sh\necho "as $(id -un): $*"\nexit 5\n' >/usr/local/bin/namcap
            chmod +x /usr/local/bin/namcap
            """);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        (await File.ReadAllTextAsync(Path.Combine(build.Out, ".caur-namcap"), TestContext.Current.CancellationToken))
            .ShouldBe("as builder: -mi PKGBUILD /build/.packages/linted-1.0-1-any.pkg.tar.zst\n");
        outcome.Log.ShouldContain("namcap failed (5)");
    }

    [Fact]
    public async Task Build_WithFlagsOfOneProcessor_LeavesThemOut()
    {
        using var build = BuildCase.Of("native", "build() { echo \"flags: -O2 -march=native -pipe.\"; }");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("flags: -O2  -pipe.");
        outcome.Log.ShouldContain("-march=native is taken out of the PKGBUILD");
    }
}
