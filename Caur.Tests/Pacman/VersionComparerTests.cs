using System.Globalization;
using Caur.Pacman;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Pacman;

public sealed class VersionComparerTests
{
    private const ulong Seed = 20240229;

    /// <summary>Pieces that meet in versions, and some that should not.</summary>
    private static readonly Gen<string> Version =
        from epoch in Gen.Frequency((6, Gen.Constant("")), (2, Gen.Elements("0:", "1:", "2:", "10:")), (1, Gen.Elements(":", "a:", "01:", "1:1:", "99999999999:")))
        from parts in Gen.NonEmptyListOf(Gen.OneOf(
            Gen.Elements(
                "0", "1", "2", "9", "10", "01", "007", "123456789012345678901234567890", "a", "b", "rc", "pre", "beta", "Z", "r12", "g0f",
                ".", ".", ".", "_", "+", "~", "..", "-", "@", "^", "\u00e9", "\u65e5", "\ud83d\udce6", "%", "'"),
            Gen.Choose(0, 120).Select(length => new string('0', length / 3) + new string('7', length))))
        from release in Gen.Frequency((4, Gen.Constant("")), (4, Gen.Elements("-1", "-2", "-1.1", "-10")), (1, Gen.Elements("-", "-a", "--1", "-\u00e9")))
        select epoch + string.Concat(parts) + release;

    /// <summary>Two versions, often close relatives: random ones rarely get past their first segment.</summary>
    private static readonly Gen<(string Left, string Right)> Pair =
        from left in Version
        from other in Version
        from right in Gen.OneOf(
            Gen.Constant(other),
            Gen.Constant(left),
            Gen.Constant(left + other),
            Gen.Choose(0, left.Length).Select(cut => left[..cut]),
            Gen.Choose(0, left.Length).Select(cut => left[..cut] + other),
            Gen.Choose(0, left.Length).Select(cut => left[..cut] + "0" + left[cut..]),
            Gen.Choose(0, left.Length).Select(cut => left[..cut] + "." + left[cut..]))
        select (left, right);

    [Theory]
    [InlineData("1.0a", "1.0b", -1)]
    [InlineData("1.0rc", "1.0", -1)]
    [InlineData("1.0", "1.0.a", -1)]
    [InlineData("1.0.a", "1.0.1", -1)]
    [InlineData("1.5-1", "1.5", 0)]
    [InlineData("1:001", "4.34", 1)]
    [InlineData("1.0", "1.00", 0)]
    [InlineData("", "", 0)]
    [InlineData("", "1", -1)]
    [InlineData("1\u00e92", "1..2", 0)]
    [InlineData("1\u00e92", "1.2", 1)]
    public void Compare_WhenGivenTheManualsPairs_AnswersAsTheManual(string left, string right, int expected)
    {
        VersionComparer.Compare(left, right).ShouldBe(expected);
        VersionComparer.Compare(right, left).ShouldBe(-expected);
    }

    /// <summary>Ten thousand processes would take half a minute: pacman's library answers for all of them, the tool for a part.</summary>
    [Fact]
    public async Task Compare_WhenGivenGeneratedPairs_AgreesWithVercmp()
    {
        var pairs = Gen.Sample(Pair, 10_000, new Rnd(Seed), 12).ToArray();
        using var alpm = await AlpmVersions.LoadAsync();
        var expected = pairs.Select(pair => alpm.Compare(pair.Left, pair.Right)).ToArray();
        expected.Distinct().Order().ShouldBe([-1, 0, 1]);
        pairs.Zip(expected)
            .Where(line => VersionComparer.Compare(line.First.Left, line.First.Right) != line.Second)
            .Select(line => $"{line.First.Left} {line.First.Right} {line.Second}")
            .ShouldBeEmpty();

        var part = pairs.Select((pair, at) => (pair, expected[at])).Where(line => line.pair.Left.Length > 0 && line.pair.Right.Length > 0).Take(1_000).ToArray();
        var input = string.Concat(part.Select(line => $"{line.pair.Left} {line.pair.Right}\n"));
        var answers = await Tool.RunAsync("bash", ["-c", "while read -r a b; do vercmp \"$a\" \"$b\"; done"], null, input);
        answers.Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture))
            .ShouldBe(part.Select(line => line.Item2));
    }

    [Fact]
    public void Compare_WhenSidesAreSwapped_IsReversed() =>
        Prop.ForAll(Pair.ToArbitrary(), pair =>
            VersionComparer.Compare(pair.Left, pair.Right) == -VersionComparer.Compare(pair.Right, pair.Left)).Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));
}
