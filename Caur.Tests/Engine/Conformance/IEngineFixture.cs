using Orleans;
using Orleans.Runtime;

namespace Caur.Tests.Engine.Conformance;

/// <summary>
/// An engine that the conformance tests run on. It hosts the grains of <see cref="ConformanceGrains"/>, has the storages "Default" and
/// <see cref="ConformanceGrains.NamedStorage"/>, collects idle activations, and answers within 30 s or times out.
/// </summary>
public interface IEngineFixture : IAsyncLifetime
{
    /// <summary>How calls from outside reach the grains.</summary>
    IClusterClient Client { get; }

    /// <summary>The longest span that <see cref="AdvanceAsync"/> can pass; tests that need more are skipped.</summary>
    TimeSpan LongestAdvance { get; }

    /// <summary>Lets time pass for the engine.</summary>
    Task AdvanceAsync(TimeSpan span);

    /// <summary>Stops the engine as a host stops it, and starts it again on the same storage.</summary>
    Task RestartAsync();

    /// <summary>Replaces the bytes of a state record by something that is no state. False when the engine's storage is out of reach.</summary>
    Task<bool> TryDamageAsync(IAddressable grain, string stateName);
}
