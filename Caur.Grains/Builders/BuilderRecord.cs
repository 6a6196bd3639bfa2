namespace Caur.Grains.Builders;

/// <summary>What people decided about a builder.</summary>
internal sealed record BuilderRecord
{
    /// <summary>Takes no more orders.</summary>
    public bool Draining { get; init; }
}
