using Caur.Pipelines.Changes;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Pipelines.Changes;

public sealed class DifferenceTests
{
    [Theory]
    [InlineData("abcabba", "cbabac", 5)]
    [InlineData("", "", 0)]
    [InlineData("abc", "", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "abc", 0)]
    [InlineData("axb", "ayb", 2)]
    public void Of_WhenTwoListsDiffer_IsTheShortestWay(string old, string @new, int edits) =>
        Difference.Of(Letters(old), Letters(@new)).Count(edit => edit.Kind != EditKind.Same).ShouldBe(edits);

    [Fact]
    public void Of_WhenAnyTwoListsDiffer_LeadsFromTheOneToTheOther() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(),
        ArbMap.Default.ArbFor<byte[]>(),
        (one, other) =>
        {
            var (old, @new) = (one.Select(b => $"{b % 4}").ToList(), other.Select(b => $"{b % 4}").ToList());
            var edits = Difference.Of(old, @new);
            return edits.Where(edit => edit.Kind != EditKind.Added).Select(edit => old[edit.Old]).SequenceEqual(old)
                && edits.Where(edit => edit.Kind != EditKind.Removed).Select(edit => @new[edit.New]).SequenceEqual(@new)
                && edits.Where(edit => edit.Kind == EditKind.Same).All(edit => old[edit.Old] == @new[edit.New]);
        }).Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));

    private static List<string> Letters(string text) => [.. text.Select(c => c.ToString())];
}
