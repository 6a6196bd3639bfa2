using Caur.Tests.Support;

namespace Caur.Tests.Image;

/// <summary>
/// A signed repository of freshly built samples (hello-script, libfoo, foo-tools), made once and only read: what the farm
/// has published when a dependant is built. gpg signs and repo-add writes it, so that pacman's own tools are the judge.
/// </summary>
internal sealed class SignedRepository
{
    public const string Name = "farm";

    private static readonly Lazy<Task<SignedRepository>> Made = new(MakeAsync);

    private SignedRepository(string folder, string publicKey) => (Folder, PublicKey) = (folder, publicKey);

    public string Folder { get; }

    public string PublicKey { get; }

    public static Task<SignedRepository> GetAsync() => Made.Value;

    private static async Task<SignedRepository> MakeAsync()
    {
        var work = Directory.CreateTempSubdirectory("caur-repository-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(work, recursive: true);
        var folder = Directory.CreateDirectory(Path.Combine(work, "repository")).FullName;
        await Task.WhenAll(BuildIntoAsync("hello-script", folder), BuildIntoAsync("splitlib", folder));

        var publicKey = Path.Combine(work, "farm.asc");
        await ShellAsync(
            work,
            """
            mkdir -m 700 "$1"
            export GNUPGHOME=$1 TMPDIR=$1
            cd "$2"
            gpg --batch --quiet --passphrase '' --quick-gen-key 'Test farm <farm@example.org>' ed25519 sign never
            for package in *.pkg.tar.zst; do gpg --batch --quiet --detach-sign "$package"; done
            repo-add --quiet --sign "$4.db.tar.gz" *.pkg.tar.zst
            gpg --batch --armor --export >"$3"
            gpgconf --kill all
            """,
            Path.Combine(work, "gpg"), folder, publicKey, Name);
        return new SignedRepository(folder, publicKey);
    }

    private static async Task BuildIntoAsync(string pkgbase, string folder)
    {
        using var build = BuildCase.OfSample(pkgbase);
        var outcome = await build.RunAsync();
        outcome.ExitCode.ShouldBe(0, outcome.Log);
        foreach (var package in outcome.Packages)
        {
            File.Copy(Path.Combine(build.Out, package), Path.Combine(folder, package));
        }
    }

    private static async Task ShellAsync(string folder, string script, params string[] arguments)
    {
        var ended = await Processes.RunAsync("bash", ["-euc", script, "repository", .. arguments], folder: folder);
        ended.ExitCode.ShouldBe(0, ended.ToString());
    }
}
