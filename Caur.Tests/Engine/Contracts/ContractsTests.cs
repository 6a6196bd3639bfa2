using System.Reflection;
using Caur.Tests.Support;

namespace Caur.Tests.Engine.Contracts;

/// <summary>
/// The contracts between grains, callers and releases: every change of what goes over the wire shows in OrleansContracts.txt, and what
/// Orleans would refuse is refused here, with the embedded engine as well.
/// </summary>
public sealed class ContractsTests
{
    private static readonly Lazy<ContractReport> Contracts = new(static () => ContractWalker.Walk(Assembly.Load("Caur.Contracts")));

    [Fact]
    public void Contracts_OfTheFarm_AreWhatOrleansTakes() => Contracts.Value.Violations.ShouldBeEmpty();

    [Fact]
    public Task Contracts_OfTheFarm_AreTheCheckedInOnes() =>
        CheckedInText.ShouldBe(Path.Combine("Caur.Contracts", "OrleansContracts.txt"), Contracts.Value.Text, "CAUR_ACCEPT_CONTRACTS");
}
