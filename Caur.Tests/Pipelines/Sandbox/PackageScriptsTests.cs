using Caur.Pacman;
using Caur.Pipelines.Sandbox;
using Caur.Tests.Pacman;
using Caur.Tests.Pipelines.Upstream;

namespace Caur.Tests.Pipelines.Sandbox;

public sealed class PackageScriptsTests : IDisposable
{
    private const string Info = "pkgbase = tool\n\tpkgver = 1.0\n\tpkgrel = 1\n\npkgname = tool\n";

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task HookAsync_WhenItChangesFiles_GivesTheFolderBack()
    {
        var changed = await HookAsync("sed -i s/1.0/2.0/ PKGBUILD .SRCINFO; echo \"$PACKAGE ${PWD##*/}\" > who; rm gone");
        changed.Value!.Files!.Text("PKGBUILD").ShouldBe("pkgver=2.0\n");
        changed.Value.Files.Text("who").ShouldBe("tool tool\n");
        changed.Value.Files.Find("gone").ShouldBeNull();
        changed.Value.Words.ShouldBe("update.sh changed it");
    }

    [Fact]
    public async Task HookAsync_WhenItChangesNothing_SaysSo()
    {
        var same = await HookAsync("cat PKGBUILD");
        same.Value!.Files.ShouldBeNull();
        same.Value.Words.ShouldBe("update.sh changed nothing");
    }

    [Theory]
    [InlineData("echo whatever >&2; echo the reason >&2; false; echo never", "update.sh ended with exit code 1: the reason")]
    [InlineData("exit 7", "update.sh ended with exit code 7: it said nothing")]
    [InlineData("echo \"$UNSET\"", "update.sh ended with exit code 1: .CI/update.sh: line 1: UNSET: unbound variable")]
    [InlineData("rm PKGBUILD", "update.sh changed it, but upstream has no PKGBUILD")]
    [InlineData("echo x > .SRCINFO", "update.sh changed it, but upstream's .SRCINFO cannot be read: line 1: 'x' is not of the form 'key = value' (Malformed)")]
    public async Task HookAsync_WhenItFails_TakesNothing(string script, string problem) => (await HookAsync(script)).Problem.ShouldBe(problem);

    [Fact]
    public async Task NvcheckerAsync_WhenThereIsANewVersion_SetsItWithSumsAndSrcinfo()
    {
        Program("nvchecker", """printf '{"name":"other","version":"9","event":"updated"}\nnoise\n{"name":"tool","version":"v1.1","event":"updated","revision":"0123456789abcdef0123456789abcdef01234567"}\n'""");
        Program("makepkg", """
            case $1 in
              --geninteg) printf "sha256sums=('%s')\n" "$(. ./PKGBUILD; echo "sum-of-$pkgver")" ;;
              --printsrcinfo) . ./PKGBUILD; printf 'pkgbase = tool\n\tpkgver = %s\n\tpkgrel = %s\n\npkgname = tool\n' "$pkgver" "$pkgrel" ;;
            esac
            """);
        var files = FileTreeTests.Tree(
            ("PKGBUILD", "pkgver=1.0\npkgrel=5\n_commit=a\nsource=(tool-1.0.tar.gz)\nsha256sums=('a'\n  'b')\nb2sums=('x')\nend=1\n"), (".SRCINFO", Info), (".nvchecker.toml", "[tool]"));
        var sandbox = new LocalSandbox { Programs = _folder.Path };
        var found = await new PackageScripts(sandbox).NvcheckerAsync("tool", files, Srcinfo.Parse(Info).GetRequired(), Token);
        found.Problem.ShouldBeNull();
        found.Value!.Words.ShouldBe("nvchecker found 1.0 -> 1.1");
        found.Value.Files!.Text("PKGBUILD").ShouldBe(
            "pkgver=1.1\npkgrel=1\n_commit='0123456789abcdef0123456789abcdef01234567'\nsource=(tool-1.1.tar.gz)\nsha256sums=('sum-of-1.1')\nend=1\n");
        found.Value.Files.Text(".SRCINFO").ShouldBe("pkgbase = tool\n\tpkgver = 1.1\n\tpkgrel = 1\n\npkgname = tool\n");
        found.Value.Files.Files.Keys.ShouldBe([".SRCINFO", ".nvchecker.toml", "PKGBUILD"]);
        sandbox.Jobs[0].Environment["CAUR_CONFIG"].ShouldBe(".nvchecker.toml");
    }

    [Theory]
    [InlineData("""echo '{"name":"tool","version":"1.0","event":"updated"}'""", null, "nvchecker finds no newer version than 1.0")]
    [InlineData("""echo '{"name":"tool","version":"v1.0","event":"up-to-date"}'""", null, "nvchecker finds no newer version than 1.0")]
    [InlineData("""echo '{"name":"tool","version":"$(id)","event":"updated"}'""", "nvchecker found '$(id)', which cannot be a pkgver", null)]
    [InlineData("""echo '{"name":"tool","event":"no-result"}'; exit 3""", """nvchecker found no version: {"name":"tool","event":"no-result"}""", null)]
    [InlineData("echo broken >&2; exit 1", "nvchecker ended with exit code 1: broken", null)]
    [InlineData(null, "the sandbox's image has no nvchecker", null)]
    public async Task NvcheckerAsync_WhenThereIsNothingNew_SaysWhy(string? nvchecker, string? problem, string? words)
    {
        if (nvchecker is not null)
        {
            Program("nvchecker", nvchecker);
        }

        var files = FileTreeTests.Tree(("PKGBUILD", "pkgver=1.0\npkgrel=1\n"), (".SRCINFO", Info), ("nvchecker.toml", ""));
        var found = await new PackageScripts(new LocalSandbox { Programs = _folder.Path }).NvcheckerAsync("tool", files, Srcinfo.Parse(Info).GetRequired(), Token);
        found.Problem.ShouldBe(problem);
        found.Value?.Words.ShouldBe(words);
        found.Value?.Files.ShouldBeNull();
    }

    [Fact]
    public async Task NvcheckerAsync_WhenSumsCannotBeMade_TakesNothing()
    {
        Program("nvchecker", """echo '{"name":"tool","version":"1.1","event":"updated"}'""");
        Program("makepkg", "echo 'no such file' >&2; exit 1");
        var files = FileTreeTests.Tree(("PKGBUILD", "pkgver=1.0\npkgrel=1\nmd5sums=('a')\n"), ("nvchecker.toml", ""));
        (await new PackageScripts(new LocalSandbox { Programs = _folder.Path }).NvcheckerAsync("tool", files, null, Token)).Problem
            .ShouldBe("nvchecker found 1.0 -> 1.1, but its checksums cannot be made: no such file");
    }

    [Fact]
    public async Task NvcheckerAsync_WhenThereIsNoConfig_SaysSo() =>
        (await new PackageScripts(new LocalSandbox()).NvcheckerAsync("tool", FileTreeTests.Tree(("PKGBUILD", "")), null, Token)).Problem
            .ShouldBe("CI_NVCHECKER is set, but there is neither nvchecker.toml nor .nvchecker.toml");

    private static Task<Caur.Pipelines.Polite.Answer<ScriptChange>> HookAsync(string script) => new PackageScripts(new LocalSandbox()).HookAsync(
        "tool", FileTreeTests.Tree(("PKGBUILD", "pkgver=1.0\n"), (".SRCINFO", Info), ("gone", ""), (PackageScripts.Hook, script)), Token);

    private void Program(string name, string script)
    {
        File.WriteAllText(_folder[name], $"#!/bin/bash\n{script}\n");
        File.SetUnixFileMode(_folder[name], UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
    }
}
