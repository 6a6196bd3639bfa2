using System.Text;
using Orleans.Runtime;

namespace Caur.Embedded.Calls;

/// <summary>
/// Who waits for whom, as of one moment, to tell a caller that its call was part of a cycle. A turn waits for the calls that it made; a
/// call that has not begun waits for the turns of its grain that keep it from beginning. A call that interleaves waits for nobody.
/// </summary>
internal sealed class CallCycles
{
    // A farm that stands still times out thousands of calls at once; the first of them are enough to tell why.
    private const int MostDescribed = 100;

    private readonly Dictionary<Turn, List<Request>> _callsOf = [];
    private readonly Dictionary<GrainId, List<Turn>> _callersAt = [];
    private int _described;

    public CallCycles(IEnumerable<Request> outstanding)
    {
        foreach (var request in outstanding)
        {
            if (request.Caller is { HasRun: false } caller)
            {
                if (!_callsOf.TryGetValue(caller, out var calls))
                {
                    _callsOf[caller] = calls = [];
                    if (!_callersAt.TryGetValue(caller.Target, out var callers))
                    {
                        _callersAt[caller.Target] = callers = [];
                    }

                    callers.Add(caller);
                }

                calls.Add(request);
            }
        }
    }

    /// <summary>A sentence that names the cycle which the call leads into; empty when there is none.</summary>
    public string Describe(Request request) =>
        _callsOf.Count == 0 || _described++ >= MostDescribed || FindCycle(request) is not { } cycle ? string.Empty : Text(cycle);

    private static string Text(List<Turn> cycle)
    {
        // From the turn that keeps the last call from beginning. There is one: turns that have all begun call one another in no circle.
        var first = Enumerable.Range(0, cycle.Count).FirstOrDefault(i => cycle[i].HasBegun && !cycle[i == 0 ? ^1 : i - 1].HasBegun);
        var text = new StringBuilder(" It waits in a cycle of calls: ");
        var calls = true;
        for (var i = 0; i < cycle.Count; i++)
        {
            var turn = cycle[(first + i) % cycle.Count];
            text.Append(i == 0 ? string.Empty : calls ? " -> " : " behind ").Append(turn.Target).Append(" in ").Append(turn.Name);
            calls = turn.HasBegun;
        }

        return text.Append('.').ToString();
    }

    // Depth first, without recursion: a chain of calls may be long.
    private List<Turn>? FindCycle(Request request)
    {
        List<Turn> path = [request];
        Stack<IEnumerator<Turn>> open = new([AwaitedBy(request).GetEnumerator()]);
        HashSet<Turn> seen = [request];
        HashSet<Turn> onPath = [request];
        while (open.TryPeek(out var next))
        {
            if (!next.MoveNext())
            {
                open.Pop();
                onPath.Remove(path[^1]);
                path.RemoveAt(path.Count - 1);
            }
            else if (onPath.Contains(next.Current))
            {
                return path[path.IndexOf(next.Current)..];
            }
            else if (seen.Add(next.Current))
            {
                path.Add(next.Current);
                onPath.Add(next.Current);
                open.Push(AwaitedBy(next.Current).GetEnumerator());
            }
        }

        return null;
    }

    private IEnumerable<Turn> AwaitedBy(Turn turn) =>
        turn is Request { HasBegun: false } waiting
            ? _callersAt.GetValueOrDefault(waiting.Target, []).Where(caller => caller != waiting && KeepsOut(caller, waiting))
            : _callsOf.GetValueOrDefault(turn, []);

    private static bool KeepsOut(Turn running, Request waiting) =>
        waiting.Reference.IsObserver
        || waiting.Reference.Engine.Activations.Find(waiting.Target) is not { IsOpen: true } activation
        || (!activation.Class.IsReentrant
            && running.Kind != TurnKind.Interleaving
            && waiting.Kind != TurnKind.Interleaving
            && (running.Kind != TurnKind.ReadOnly || waiting.Kind != TurnKind.ReadOnly));
}
