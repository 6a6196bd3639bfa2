namespace Caur.Tests.Builder.Agents;

/// <summary>The system's, whose time of day is set; what was measured goes on.</summary>
internal sealed class SettableClock : TimeProvider
{
    /// <summary>By how much the clock is wrong.</summary>
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
}
