using Microsoft.Extensions.Hosting;
using Orleans.Storage;

namespace Caur.Tests.Engine;

/// <summary>What a test gives to the engine that its farm runs on.</summary>
internal sealed record TestEngineOptions
{
    /// <summary>A file in the test's own folder that stands for the state: whoever starts with the same one finds it again.</summary>
    public required string StatePath { get; init; }

    /// <summary>The clock of timers and reminders.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>The services beside the engine, for each host that grains run in.</summary>
    public required Action<IHostApplicationBuilder> Configure { get; init; }

    /// <summary>Wraps the storage of the farm's state. Default: as it is.</summary>
    public Func<IGrainStorage, IGrainStorage>? Storage { get; init; }
}
