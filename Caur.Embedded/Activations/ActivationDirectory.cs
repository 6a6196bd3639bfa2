using System.Collections.Concurrent;
using Caur.Embedded.Calls;
using Orleans.Runtime;

namespace Caur.Embedded.Activations;

/// <summary>Which grains are in memory. There is never more than one activation of a grain.</summary>
internal sealed class ActivationDirectory(EmbeddedEngine engine)
{
    private readonly ConcurrentDictionary<GrainId, Activation> _activations = new();

    public IEnumerable<Activation> All => _activations.Values;

    public int Count => _activations.Count;

    public Activation? Find(GrainId grainId) => _activations.GetValueOrDefault(grainId);

    /// <summary>Gives a turn to its grain, which is activated if need be.</summary>
    public void Send(Turn turn)
    {
        while (true)
        {
            if (!_activations.TryGetValue(turn.Target, out var activation))
            {
                var added = new Activation(engine, engine.Classes.OfType(turn.Target.Type), turn.Target);
                activation = _activations.GetOrAdd(turn.Target, added);
                if (ReferenceEquals(activation, added))
                {
                    var admitted = activation.TryAdmit(turn);
                    activation.Start();
                    if (admitted)
                    {
                        return;
                    }
                }
            }

            if (activation.TryAdmit(turn))
            {
                return;
            }

            // It has ended; whoever ended it is about to remove it, and doing so here saves waiting for that.
            Remove(activation);
        }
    }

    public void Remove(Activation activation) => _activations.TryRemove(KeyValuePair.Create(activation.GrainId, activation));

    /// <summary>Puts the next activation of a grain in the place of one that ends.</summary>
    public void Replace(Activation ending, Activation? next)
    {
        if (next is null)
        {
            Remove(ending);
        }
        else
        {
            _activations.TryUpdate(ending.GrainId, next, ending);
        }
    }
}
