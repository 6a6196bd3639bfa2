using Caur.Tests.Support;

namespace Caur.Tests.Image;

/// <summary>The keyring packages of a target repository (<c>extra_keyrings</c>).</summary>
public sealed class KeyringTests
{
    [Fact]
    public async Task Build_WithAKeyringOfARepositoryOfOthers_InstallsFromIt()
    {
        var repository = await SignedRepository.GetAsync();
        using var keyring = await KeyringAsync(repository);
        using var build = BuildCase.Of("uses", "depends=(hello-script)").With(repository, trusted: false)
            .Mount(keyring.Out, "/keyring:ro").Keyrings("file:///keyring/others-keyring-1.0-1-any.pkg.tar.zst");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Log.ShouldContain("installing hello-script");
        outcome.Log.ShouldContain("==> Keyrings");
    }

    [Fact]
    public async Task Build_WhenTheKeyringRevokesTheKey_RefusesThePackage()
    {
        var repository = await SignedRepository.GetAsync();
        using var keyring = await KeyringAsync(repository, revoked: true);
        using var build = BuildCase.Of("revoked", "depends=(hello-script)").With(repository, trusted: false)
            .Mount(keyring.Out, "/keyring:ro").Keyrings("file:///keyring/others-keyring-1.0-1-any.pkg.tar.zst");

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(120, outcome.Log);
        outcome.Packages.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("file:///nothing/there.pkg.tar.zst", "could not be fetched")]
    [InlineData("file:///etc/passwd", "is no package")]
    [InlineData("file:///repository/hello-script-2.0-1-any.pkg.tar.zst", "brings no key ring")]
    public async Task Build_WhenTheKeyringIsNone_SaysSoAndBlamesNotThePackage(string url, string said)
    {
        var repository = await SignedRepository.GetAsync();
        var known = Directory.EnumerateFiles(repository.Folder, "hello-script-*.pkg.tar.zst").Single();
        using var build = BuildCase.Of("nokeyring").With(repository)
            .Keyrings(url.Replace("hello-script-2.0-1-any.pkg.tar.zst", Path.GetFileName(known), StringComparison.Ordinal));

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(120, outcome.Log);
        outcome.Log.Contains(said, StringComparison.Ordinal).ShouldBeTrue(outcome.Log);
    }

    /// <summary>Builds a keyring package as a distribution's: the key, that it vouches for itself, and an install script that would need
    /// what the container does not have.</summary>
    private static async Task<BuildCase> KeyringAsync(SignedRepository repository, bool revoked = false)
    {
        var work = Directory.CreateTempSubdirectory("caur-keyring-").FullName;
        try
        {
            var made = await Processes.RunAsync(
                "bash",
                ["-euc", """
                    export GNUPGHOME=$1
                    gpg --batch --quiet --no-permission-warning --dearmor <"$2" >others.gpg
                    gpg --batch --quiet --no-permission-warning --with-colons --show-keys "$2" | awk -F: '/^fpr/ { print $10; exit }'
                    """, "keyring", work, repository.PublicKey],
                folder: work);
            made.ExitCode.ShouldBe(0, made.ToString());
            var fingerprint = made.Output.Trim();
            var build = BuildCase.Of("others-keyring", """
                install=keyring.install
                package() {
                  install -d "$pkgdir/usr/share/pacman/keyrings"
                  cp "$startdir"/others* "$pkgdir/usr/share/pacman/keyrings/"
                }
                """);
            build.Write("others-trusted", $"{fingerprint}:4:\n").Write("others-revoked", revoked ? $"{fingerprint}\n" : "")
                .Write("keyring.install", "post_install() { false; }\n");
            File.Copy(Path.Combine(work, "others.gpg"), Path.Combine(build.Source, "others.gpg"));
            var outcome = await build.RunAsync();
            outcome.ExitCode.ShouldBe(0, outcome.Log);
            return build;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }
}
