using System.Text;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Upstream;
using Caur.Storage.Processes;

namespace Caur.Tests.Pipelines.Upstream;

public sealed class ShfmtFormatterTests
{
    [Fact]
    public async Task FormatAsync_WhenRepositoryHasAStyle_FollowsIt()
    {
        var formatted = await FormatAsync("pkgver=1\nbuild()\n{\n\techo   hi >x\n}\n", "root = true\n[PKGBUILD*]\nindent_style = space\nindent_size = 2\nshell_variant = bash\nspace_redirects = true\n");
        Encoding.UTF8.GetString(formatted.Value!).ShouldBe("pkgver=1\nbuild() {\n  echo hi > x\n}\n");
    }

    [Fact]
    public async Task FormatAsync_WhenItIsNoScript_SaysSo() =>
        (await FormatAsync("pkgver=1\nbuild() {\n", null)).Problem.ShouldStartWith("its PKGBUILD is no shell script: ");

    [Fact]
    public async Task FormatAsync_WhenScriptWouldDoSomething_DoesNotRunIt()
    {
        var mark = Path.Combine(Path.GetTempPath(), $"caur-{Guid.NewGuid():N}");
        (await FormatAsync($"pkgver=$(touch {mark})\ntouch {mark}\n", null)).IsGiven.ShouldBeTrue();
        File.Exists(mark).ShouldBeFalse();
    }

    private static Task<Answer<byte[]>> FormatAsync(string pkgbuild, string? style) =>
        new ShfmtFormatter(new ProcessRunner(TimeProvider.System), style).FormatAsync(Encoding.UTF8.GetBytes(pkgbuild), TestContext.Current.CancellationToken);
}
