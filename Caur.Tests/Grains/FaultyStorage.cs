using System.Collections.Concurrent;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Tests.Grains;

/// <summary>What goes wrong with storage, as a test decides. Outlives the hosts of one test.</summary>
internal sealed class StorageFaults
{
    private readonly Lock _lock = new();
    private readonly List<Fault> _faults = [];

    /// <summary>Names of all states that were written or cleared, in order.</summary>
    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>The next writes of states whose name begins so fail.</summary>
    /// <param name="stateName">The beginning of the name.</param>
    /// <param name="times">How many.</param>
    /// <param name="afterwards">The write happens, and its answer is lost.</param>
    public void FailWrites(string stateName, int times = 1, bool afterwards = false)
    {
        lock (_lock)
        {
            _faults.Add(new Fault(stateName, afterwards) { Left = times });
        }
    }

    /// <summary>The next clearings of states whose name begins so fail.</summary>
    /// <param name="stateName">The beginning of the name.</param>
    /// <param name="times">How many.</param>
    /// <param name="afterwards">The clearing happens, and its answer is lost.</param>
    public void FailClears(string stateName, int times = 1, bool afterwards = false)
    {
        lock (_lock)
        {
            _faults.Add(new Fault(stateName, afterwards) { Left = times, Operation = "clear" });
        }
    }

    /// <summary>Nothing fails any more.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _faults.Clear();
        }
    }

    /// <summary>The next write of that state waits until the task has ended.</summary>
    public void HoldWrite(string stateName, Task until)
    {
        lock (_lock)
        {
            _faults.Add(new Fault(stateName, false) { Left = 1, Until = until });
        }
    }

    public async Task RunAsync(string operation, string stateName, Func<Task> write)
    {
        Fault? fault;
        lock (_lock)
        {
            Log.Enqueue($"{operation} {stateName}");
            fault = _faults.Find(item =>
                item.Left > 0 && (item.Operation ?? operation) == operation && stateName.StartsWith(item.StateName, StringComparison.Ordinal));
            if (fault is not null)
            {
                fault.Left--;
            }
        }

        if (fault?.Until is { } until)
        {
            await until;
        }
        else if (fault is { Afterwards: false })
        {
            throw new IOException($"no room for {stateName}");
        }

        await write();
        if (fault is { Afterwards: true })
        {
            throw new IOException($"the answer of {stateName} is lost");
        }
    }

    private sealed class Fault(string stateName, bool afterwards)
    {
        public string StateName => stateName;

        public bool Afterwards => afterwards;

        public int Left { get; set; }

        /// <summary>Null for all.</summary>
        public string? Operation { get; init; }

        public Task? Until { get; init; }
    }
}

/// <summary>A storage that fails as told.</summary>
internal sealed class FaultyStorage(IGrainStorage inner, StorageFaults faults) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        inner.ReadStateAsync(stateName, grainId, grainState);

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        faults.RunAsync("write", stateName, () => inner.WriteStateAsync(stateName, grainId, grainState));

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        faults.RunAsync("clear", stateName, () => inner.ClearStateAsync(stateName, grainId, grainState));
}
