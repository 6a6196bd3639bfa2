using Caur.Pipelines.Changes;

namespace Caur.Tests.Pipelines.Changes;

public sealed class ShellScriptTests
{
    [Theory]
    [InlineData("build() {\n  cd foo\n  make\n}\n", "build()\n{\n\tcd   foo ; make;\n\n}")]
    [InlineData("if [ -f x ]; then\n  y\nfi\n", "if [ -f x ]\nthen y; fi")]
    [InlineData("source=(a\n  'b' \"c\")\n", "source=( a 'b'\n\n\"c\"\n)\n")]
    [InlineData("./configure --a --b\n", "./configure \\\n  --a \\\n  --b\n")]
    [InlineData("a && b\n", "a &&\n  b\n")]
    [InlineData("for i in 1 2; do x; done\n", "for i in 1 2\ndo\n x\ndone")]
    [InlineData("a >b 2>c\n", "a > b 2> c\n")]
    [InlineData("{ a; b; }\n", "{\na\nb\n}\n")]
    [InlineData("a # why\nb\n", "a   # why  \nb\n")]
    [InlineData("x=$(cat <<E\n)'\nE\n)\ny\n", "x=$(cat <<E\n)'\nE\n); y\n")]
    [InlineData("case x in\na | b)\n  y\n  ;;\n(c) z ;;\nesac\n", "case x in a|b) y;; (c)\nz\n;; esac\n")]
    public void Read_WhenOnlyTheLayoutDiffers_GivesEqualPieces(string one, string other) => Keys(one).ShouldBe(Keys(other));

    [Theory]
    [InlineData("echo 2>x", "echo 2 >x")]
    [InlineData("a=b", "a= b")]
    [InlineData("echo {\nx", "echo { x")]
    [InlineData("# a\nb", "# a;b")]
    [InlineData("echo 'a\nb'", "echo 'a;b'")]
    [InlineData("echo 'a  b'", "echo 'a b'")]
    [InlineData("echo a\\;b", "echo a;b")]
    [InlineData("cat <<E\na\nb\nE\n", "cat <<E\na;b\nE\n")]
    [InlineData("cat <<E\na  b\nE\n", "cat <<E\na b\nE\n")]
    [InlineData("echo \"$(a\nb)\"", "echo \"$(a;b)\"")]
    [InlineData("echo a#\nb", "echo a #\nb")]
    [InlineData("[[ a =~ ^#x ]]\nb", "[[ a =~ ^ #x ]]\nb")]
    [InlineData("[[ a =~ ^(b|c)$ ]]", "[[ a =~ ^( b|c)$ ]]")]
    [InlineData("echo ${a#b}", "echo ${a# b}")]
    [InlineData("x=(a b)", "x=('a b')")]
    [InlineData("x=(a)\ny=(b)", "x=(a b)\ny=()")]
    [InlineData("a | b", "a || b")]
    [InlineData("(a)", "{ a; }")]
    [InlineData("a &\nb", "a\nb")]
    public void Read_WhenTheMeaningDiffers_GivesOtherPieces(string one, string other) => Keys(one).ShouldNotBe(Keys(other));

    [Theory]
    [InlineData("echo 'a")]
    [InlineData("echo \"a")]
    [InlineData("echo `a")]
    [InlineData("echo $(a")]
    [InlineData("echo ${a")]
    [InlineData("x=(a")]
    [InlineData("x=(a; b)")]
    [InlineData("x=(a)#b")]
    [InlineData("[[ a =~ b;c ]]")]
    [InlineData("cat <<E\na\n")]
    [InlineData("echo $'a")]
    [InlineData("a\\")]
    [InlineData("a\rb")]
    [InlineData("a\0b")]
    [InlineData("x=$(cat <<E\n)")]
    [InlineData("x=$(cat <<E)\n")]
    public void Read_WhenItCannotBeCertain_SaysWhy(string text)
    {
        ShellScript.Read(text, out var problem).ShouldBeNull();
        problem.ShouldNotBeNull().ShouldStartWith("line ");
    }

    [Fact]
    public void Read_WhenNestedWithoutEnd_EndsSoon() =>
        ShellScript.Read(string.Concat(Enumerable.Repeat("$(", 100_000)), out var problem).ShouldBeNull(problem);

    [Fact]
    public void Functions_WhenThereAreSome_HaveTheirBodies()
    {
        var script = ShellScript.Read(
            """
            pkgname=a
            build() {
              if true; then { x; }; fi
              make
            }
            function package_a-b {
              install -Dm755 a
            }
            foo ()
            {
              y
            }
            bar() (
              case $1 in
                a) z ;;
              esac
              w
            )
            top
            """,
            out _).ShouldNotBeNull();
        script.Functions.Keys.ShouldBe(["build", "package_a-b", "foo", "bar"], ignoreOrder: true);
        script.Body("build").Select(piece => piece.Text).ShouldContain("make");
        script.Body("package_a-b").Select(piece => piece.Text).ShouldBe(["install -Dm755 a"]);
        script.Body("foo").Select(piece => piece.Text).ShouldBe(["y"]);
        script.Body("bar").Select(piece => piece.Text).ShouldBe(["case $1 in", "a", ")", "z", ";;", "esac", "w"]);
        script.Pieces[^1].Function.ShouldBeNull();
    }

    [Fact]
    public void Read_WhenThereAreLines_KnowsThem()
    {
        var script = ShellScript.Read("a\n\nb=(c\n  d # e\n)\ncat <<E\nf\nE\ng", out _).ShouldNotBeNull();
        script.Pieces.Select(piece => (piece.Text.Trim(), piece.Line, piece.Array)).ShouldBe(
            [("a", 1, null), ("b=(", 3, null), ("c", 3, "b"), ("d", 4, "b"), ("# e", 4, "b"), (")", 5, null), ("cat << E", 6, null), ("f", 7, null), ("g", 9, null)]);
    }

    [Theory]
    [InlineData("c\"\"url", "curl")]
    [InlineData("'a b'\\ c", "a b c")]
    [InlineData(@"$'\x63\165rl'", "curl")]
    [InlineData("\"a\\\"b\"", "a\"b")]
    public void Unquoted_WhenQuoted_TakesTheQuotesOff(string word, string plain) => ShellWords.Unquoted(word).ShouldBe(plain);

    private static List<(string, string?)> Keys(string text) =>
        [.. ShellScript.Read(text, out var problem).ShouldNotBeNull(problem).Pieces.Select(piece => (piece.Key, piece.Array))];
}
