using FsCheck;
using FsCheck.Fluent;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

/// <summary>What holds for any history of a queue.</summary>
public sealed class QueueProperties
{
    [Fact]
    public void Queue_WhenDependenciesFormNoCycle_KeepsItsPromises() => Check(withCycles: false);

    [Fact]
    public void Queue_WhenDependenciesFormCycles_KeepsItsPromises() => Check(withCycles: true);

    [Fact]
    public void Cycles_WhateverTheOrderOfArrival_AreBrokenTheSameWay() =>
        Prop.ForAll(
                Gen.Choose(0, int.MaxValue - 1).ToArbitrary(),
                seed =>
                {
                    var random = new Random(seed);
                    var requests = Enumerable.Range(0, random.Next(2, 9))
                        .Select(i => Request($"p{i}", [.. Enumerable.Range(0, 9).Where(_ => random.Next(4) == 0).Select(other => $"p{other}")]))
                        .ToArray();
                    var together = new QueueHarness();
                    together.Enqueue(requests);
                    var apart = new QueueHarness();
                    random.Shuffle(requests);
                    for (var i = 0; i < requests.Length;)
                    {
                        var size = random.Next(1, 4);
                        apart.Enqueue([.. requests.Skip(i).Take(size)]);
                        i += size;
                    }

                    Edges(apart).ShouldBe(Edges(together));
                    Edges(apart.Restarted()).ShouldBe(Edges(together), "a restart changes nothing");
                })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithQuietOnSuccess(true));

    private static List<string> Edges(QueueHarness queue) =>
    [
        .. queue.State.Entries
            .Select(entry => $"{entry.Package.Pkgbase} waits for {Text(entry.WaitsFor.Select(first => first.Package.Pkgbase))} "
                + $"ignores {Text(entry.Durable.Ignores)} chain {entry.Chain}")
            .Order(StringComparer.Ordinal),
    ];

    private static string Text(IEnumerable<string> names) => string.Join(",", names.Order(StringComparer.Ordinal));

    private static void Check(bool withCycles) =>
        Prop.ForAll(
                Arb.From(Gen.Choose(0, int.MaxValue - 1).ListOf(120), Shorter),
                codes =>
                {
                    var model = new QueueModel(packages: 12, withCycles);
                    model.Run(codes);
                    model.Drain();
                })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(50).WithQuietOnSuccess(true));

    /// <summary>A history without some of its steps is one too: halves, quarters and single steps are left out.</summary>
    private static IEnumerable<List<int>> Shorter(List<int> codes)
    {
        for (var size = codes.Count / 2; size > 0; size /= 2)
        {
            for (var start = 0; start + size <= codes.Count; start += size)
            {
                yield return [.. codes.Take(start), .. codes.Skip(start + size)];
            }
        }
    }
}
