using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Queue;

/// <summary>What holds for any history of a queue.</summary>
public sealed class QueueProperties
{
    [Fact]
    public void Queue_WhenDependenciesFormNoCycle_KeepsItsPromises() => Check(withCycles: false);

    [Fact]
    public void Queue_WhenDependenciesFormCycles_KeepsItsPromises() => Check(withCycles: true);

    private static void Check(bool withCycles) =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ListOf(60).ToArbitrary(), codes => new QueueModel(withCycles).Run(codes))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(400));
}
