using Caur.Tests.Support;

namespace Caur.Tests.Image;

/// <summary>The image as such, and what it is made of.</summary>
public sealed class ImageTests
{
    [Fact]
    public async Task Image_WhenAskedByPacman_HasWhatEveryPackageMayExpect()
    {
        var ended = await InContainerAsync("pacman -T bash glibc 'gcc>=4' 'make' sh coreutils sed grep awk git curl fakeroot binutils base-devel gcc-libs no-such-thing; pacman -Q");

        ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[0].ShouldBe("no-such-thing");
        ended.Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task Image_WhenClientHasNoKey_RefusesTheRepository()
    {
        var ended = await ClientAsync("");

        ended.ExitCode.ShouldNotBe(0);
        ended.ToString().ShouldContain("invalid or corrupted database (PGP signature)");
    }

    [Fact]
    public async Task Image_WhenClientTrustsTheFarm_InstallsAndRunsItsPackages()
    {
        var ended = await ClientAsync("""
            gpg="gpg --homedir /etc/pacman.d/gnupg --batch --quiet --no-permission-warning"
            $gpg --import /farm.asc
            $gpg --with-colons --list-keys | awk -F: '/^fpr/ { print $10 ":6:" }' | $gpg --import-ownertrust
            """);

        ended.ExitCode.ShouldBe(0, ended.ToString());
        ended.Output.ShouldContain("42\nhello from a script, installed\n");
    }

    [Fact]
    public async Task Samples_WhenPrintedByMakepkg_AreInStepWithTheirSrcinfo()
    {
        var engine = await ContainerEngine.RequireAsync();
        var environment = new Dictionary<string, string> { ["CAUR_BUILDER_IMAGE"] = engine.BuilderImage, ["CAUR_ENGINE"] = engine.Command };

        var folders = Directory.GetDirectories(SourceTree.Samples).Where(folder => File.Exists(Path.Combine(folder, "PKGBUILD"))).ToList();
        folders.Count.ShouldBeGreaterThan(10);

        var ended = await Processes.RunAsync(Path.Combine(SourceTree.Root, "builder", "srcinfo"), ["--check", .. folders], environment: environment);

        ended.ExitCode.ShouldBe(0, ended.ToString());
    }

    [Fact]
    public async Task Attempt_WhenKeysWereTrusted_LeavesNoAgentRunning()
    {
        var repository = await SignedRepository.GetAsync();
        using var build = BuildCase.Of("agents", "build() { ps -e -o comm= | grep -c gpg-agent || true; echo counted; }").With(repository);

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("\n0\ncounted");
    }

    private static async Task<ProcessResult> InContainerAsync(string script, params string[] options)
    {
        var engine = await ContainerEngine.RequireAsync();
        return await engine.RunAsync(["run", "--rm", "--network", "none", .. options, engine.BuilderImage, "bash", "-c", script]);
    }

    private static async Task<ProcessResult> ClientAsync(string trust)
    {
        var repository = await SignedRepository.GetAsync();
        return await InContainerAsync(
            $"""
            set -euo pipefail
            printf '\n[{SignedRepository.Name}]\nSigLevel = Required DatabaseRequired\nServer = file:///repository\n' >>/etc/pacman.conf
            {trust}
            pacman -Sy --noconfirm --noprogressbar foo-tools hello-script </dev/null
            foo-tool 40 2
            hello-script installed
            """,
            "-v", $"{repository.Folder}:/repository:ro", "-v", $"{repository.PublicKey}:/farm.asc:ro");
    }
}
