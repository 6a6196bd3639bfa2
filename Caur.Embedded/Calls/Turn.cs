using Caur.Embedded.Activations;
using Orleans.Runtime;

namespace Caur.Embedded.Calls;

/// <summary>With what a turn may run at the same time on one activation.</summary>
internal enum TurnKind
{
    /// <summary>With no other turn but interleaving ones.</summary>
    Exclusive,

    /// <summary>With other read-only turns.</summary>
    ReadOnly,

    /// <summary>With every other.</summary>
    Interleaving,
}

/// <summary>A unit of work that an activation admits: a call, or a tick of a timer.</summary>
internal abstract class Turn : CallFrame
{
    public sealed override Turn Current => this;

    public abstract TurnKind Kind { get; }

    public abstract GrainId Target { get; }

    /// <summary>What runs, for messages: the interface and method, or the timer.</summary>
    public abstract string Name { get; }

    /// <summary>Whether the turn may go to the next activation when this one ends.</summary>
    public virtual bool CanMove => true;

    /// <summary>Nobody waits for the result any more, so a turn that has not begun need not begin.</summary>
    public virtual bool IsAbandoned => false;

    /// <summary>Whether the turn runs or has run.</summary>
    public bool HasBegun { get; protected set; }

    /// <summary>Whether the turn has run to its end.</summary>
    public bool HasRun { get; protected set; }

    /// <summary>Position among the waiting turns of an activation.</summary>
    public long Sequence { get; set; }

    /// <summary>How often the turn met an activation that ended without having run any call.</summary>
    public int Moves { get; set; }

    /// <summary>Runs the turn on the activation's scheduler and tells the activation when it is over. Never throws.</summary>
    public abstract Task RunAsync(Activation activation);

    /// <summary>The turn will not run.</summary>
    public abstract void Reject(Exception error);
}
