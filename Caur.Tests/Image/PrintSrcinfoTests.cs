using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Image;

/// <summary>What the image does to makepkg so that it asks its questions in less time changes no answer.</summary>
public sealed class PrintSrcinfoTests
{
    private static readonly string[] Recipes =
    [
        """
        pkgname=plain
        arch=(any)
        package() { :; }
        """,
        """
        pkgbase=split
        pkgname=(split-a split-b split-c)
        arch=(x86_64 aarch64)
        epoch=3
        depends=(one)
        depends_x86_64=(two)
        package_split-a() { pkgdesc='of its own'; arch=(any); depends=(three 'four>=2'); provides+=(five); backup=(etc/a); }
        package_split-b() { depends_x86_64=(six); depends_aarch64=(); license=(MIT "Two words"); groups=(g); replaces=(r); conflicts=(c); }
        package_split-c() { options=(!strip); install=PKGBUILD; changelog=PKGBUILD; url=https://example.org/c; optdepends=('x: why' "y: it's"); }
        """,
        """
        pkgname=(quotes quotes-doc)
        arch=(x86_64)
        shopt -s nocasematch
        readonly text=1 line=2 code=3
        package_quotes() { PKGDESC=no; pkgdesc="a \"b\" 'c' \$d"; depends=($'ni\x63e' "e>1"); if true; then provides=(p); fi; }
        package_quotes-doc() {
          # pkgdesc=comment
          cat >/dev/null <<HERE
        pkgdesc=here
        HERE
          depends+=(); optdepends=(a
            b); pkgdesc+=' more'
        }
        """,
        """
        pkgname=sources
        arch=(i686 x86_64)
        source=("$pkgname-$pkgver.tar.gz::https://example.org/a" git+https://example.org/b.git#branch=x)
        source_x86_64=(c)
        sha256sums=(SKIP SKIP)
        sha256sums_x86_64=(SKIP)
        b2sums_i686=()
        noextract=(c)
        validpgpkeys=(0123456789ABCDEF0123456789ABCDEF01234567)
        makedepends=(git) checkdepends=(test)
        pkgver() { echo 2; }
        package() { depends=(a-of-package); provides=("$pkgname=$pkgver"); eval 'groups=(g)'; }
        """,
    ];

    [Fact]
    public async Task Srcinfo_OfAnyRecipe_IsTheDistributionsOwn()
    {
        var engine = await ContainerEngine.RequireAsync();
        using var folder = new TemporaryFolder();
        File.SetUnixFileMode(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        for (var i = 0; i < Recipes.Length; i++)
        {
            var to = Directory.CreateDirectory(folder[$"recipe-{i}"]).FullName;
            await File.WriteAllTextAsync(
                Path.Combine(to, "PKGBUILD"),
                $"pkgver=1.0\npkgrel=1\npkgdesc='made for a test'\nurl=https://example.org\nlicense=(GPL)\n{Recipes[i]}\n",
                TestContext.Current.CancellationToken);
        }

        var ended = await engine.RunAsync(
            [
                "run", "--rm", "--network", "none", "--user", "builder", "-v", $"{folder.Path}:/made:ro", "-v", $"{SourceTree.Samples}:/samples:ro",
                engine.BuilderImage, "bash", "-c",
                """
                # The distribution's own, which may leave these to its users.
                printf '%s\n' 'source /etc/makepkg.conf' "PKGEXT='.pkg.tar.zst'" "SRCEXT='.src.tar.gz'" >/tmp/plain.conf
                for folder in /made/* /samples/splitlib /samples/Hello++; do
                  rm -rf /tmp/own && cp -r "$folder" /tmp/own && cd /tmp/own || exit 1
                  makepkg --config /tmp/plain.conf --printsrcinfo >/tmp/theirs || { echo "makepkg refuses $folder"; continue; }
                  makepkg --config /usr/lib/caur/makepkg.conf --printsrcinfo >/tmp/ours
                  MAKEPKG_CONF=/usr/lib/caur/makepkg.conf CI_CODE_SKIP=123 CAUR_ARCH=$(uname -m) /usr/lib/caur/probe 3>/tmp/probed 4>/dev/null
                  cmp /tmp/theirs /tmp/ours && diff -B /tmp/theirs /tmp/probed && echo same
                done
                """,
            ]);
        ended.ToString().ShouldNotContain("makepkg refuses");
        ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(Enumerable.Repeat("same", Recipes.Length + 2), ended.ToString());
    }
}
