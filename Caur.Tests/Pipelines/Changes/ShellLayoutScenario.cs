using Caur.Pipelines.Changes;
using Caur.Tests.Soak;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Changes;

/// <summary>Scripts that count as equal but for their layout are equal to bash too, which prints them as it understood them and runs none.</summary>
internal sealed class ShellLayoutScenario : ISoakScenario
{
    private const string Script =
        """
        pkgname=foo
        source=("a::https://example.org/$pkgname-${pkgver%.*}.tar.gz" 'b c' # why
          d)
        _f() (
          [[ $1 =~ ^(a|b#)$ ]] && echo "x $(cd /tmp; echo 'y z' # no
          )" || return 1
        )
        build() {
          cd "foo-$pkgver" 2>/dev/null
          for i in 1 2; do if [ -f $i ]; then rm "$i"; else :; fi; done
          case $x in a | b) make & ;; *) make -C 'q;r' ;; esac
          cat <<-EOF >"$srcdir"/x && ((i << 2, 16#ff))
        	a; b  c
        	EOF
          ./configure --prefix=/usr \
            --with-x "${arr[@]/#/-D}" `echo b`
        }
        """;

    private static readonly string[] Bits = [" ", "\n", ";", "  ", "\t", "#", "'", "\"", "\\", "\\\n", "(", ")", "{", "}", "`", "$", "<", "&", "|", "x", "=", " #", ";;", "\n\n"];

    public string Name => "pipelines-shell-layout";

    public async Task RunAsync(SoakRound round)
    {
        var keys = Keys(Script)!;
        var printed = (await PrintAsync(round, Script)).ShouldNotBeNull();
        var wanted = round.IsShort ? 25 : 400;
        for (var tried = 0; tried < 200_000 && wanted > 0; tried++)
        {
            var text = Changed(round.Random);
            if (text == Script || Keys(text) is not { } other || !other.SequenceEqual(keys))
            {
                continue;
            }

            wanted--;
            if (await PrintAsync(round, text) is { } there)
            {
                there.ShouldBe(printed, text);
                round.Count("layouts");
            }
        }
    }

    private static string Changed(Random random)
    {
        var text = Script;
        for (var left = random.Next(1, 4); left > 0; left--)
        {
            var at = random.Next(text.Length);
            var bit = random.Next(3) == 0 ? "" : Bits[random.Next(Bits.Length)];
            text = text[..at] + bit + text[Math.Min(text.Length, at + random.Next(3))..];
        }

        return text;
    }

    private static List<string>? Keys(string text) => ShellScript.Read(text, out _) is { } script
        ? [.. script.Pieces.Where(piece => !piece.IsComment).Select(piece => $"{piece.Array}:{piece.Key}")]
        : null;

    /// <summary>Null when bash does not understand it.</summary>
    private static async Task<string?> PrintAsync(SoakRound round, string text)
    {
        // In a function, whose commands it prints each on a line.
        var path = Path.Combine(round.Folder, "script");
        await File.WriteAllTextAsync(path, $"f() {{\n{text}\n}}\n", round.Cancelled);
        var result = await Processes.RunAsync("bash", ["--norc", "--pretty-print", path]);
        return result.ExitCode == 0 && result.Error.Length == 0 ? result.Output : null;
    }
}
