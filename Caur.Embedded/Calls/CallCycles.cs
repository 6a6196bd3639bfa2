using System.Text;
using Orleans.Runtime;

namespace Caur.Embedded.Calls;

/// <summary>Who waits for whom, as of one moment, to tell a caller that its call was part of a cycle.</summary>
internal sealed class CallCycles
{
    // A farm that stands still times out thousands of calls at once; the first of them are enough to tell why.
    private const int MostDescribed = 100;

    private readonly Dictionary<GrainId, List<Request>> _waitsOf = [];
    private int _described;

    public CallCycles(IEnumerable<Request> outstanding)
    {
        foreach (var request in outstanding)
        {
            if (request.Caller is { HasRun: false } caller)
            {
                if (!_waitsOf.TryGetValue(caller.Target, out var waits))
                {
                    _waitsOf[caller.Target] = waits = [];
                }

                waits.Add(request);
            }
        }
    }

    /// <summary>A sentence that names the cycle which the call leads into; empty when there is none.</summary>
    public string Describe(Request request)
    {
        if (_waitsOf.Count == 0 || _described++ >= MostDescribed || FindCycle(request) is not { } cycle)
        {
            return string.Empty;
        }

        var text = new StringBuilder(" It waits in a cycle of calls: ");
        text.Append(cycle[0].Caller!.Target).Append(" in ").Append(cycle[0].Caller!.Name);
        foreach (var call in cycle)
        {
            text.Append(" -> ").Append(call.Target).Append(" in ").Append(call.Name);
        }

        return text.Append('.').ToString();
    }

    // Depth first from the callee; the path is the chain of calls that led to the grain that is being looked at.
    private List<Request>? FindCycle(Request request)
    {
        var path = new List<Request>();
        return Search(request.Target, [], path) ? path : null;

        bool Search(GrainId grain, HashSet<GrainId> seen, List<Request> path)
        {
            if (!_waitsOf.TryGetValue(grain, out var waits) || !seen.Add(grain))
            {
                return false;
            }

            foreach (var wait in waits)
            {
                path.Add(wait);
                var begin = path.FindIndex(call => call.Caller!.Target == wait.Target);
                if (begin >= 0)
                {
                    path.RemoveRange(0, begin);
                    return true;
                }

                if (Search(wait.Target, seen, path))
                {
                    return true;
                }

                path.RemoveAt(path.Count - 1);
            }

            return false;
        }
    }
}
