using Caur.Embedded.Calls;
using Orleans.Runtime;

namespace Caur.Embedded.Activations;

/// <summary>OnActivateAsync or OnDeactivateAsync, as the caller of the calls that it makes. It runs while no other turn is admitted.</summary>
internal sealed class LifeTurn : Turn
{
    public LifeTurn(GrainId target, string name)
    {
        Target = target;
        Name = name;
        HasBegun = true;
    }

    public override TurnKind Kind => TurnKind.Exclusive;

    public override GrainId Target { get; }

    public override string Name { get; }

    public void End() => HasRun = true;

    public override Task RunAsync(Activation activation) => throw new NotSupportedException($"{Name} is not admitted like a call.");

    public override void Reject(Exception error) => End();
}
