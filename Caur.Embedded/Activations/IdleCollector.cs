namespace Caur.Embedded.Activations;

/// <summary>Ends activations that nobody has called for a while.</summary>
internal sealed class IdleCollector : IDisposable
{
    private readonly EmbeddedEngine _engine;
    private readonly ITimer _timer;

    public IdleCollector(EmbeddedEngine engine)
    {
        _engine = engine;
        var quantum = engine.Collection.CollectionQuantum;
        if (engine.Classes.All.FirstOrDefault(grainClass => AgeLimit(grainClass) is var age && age != Timeout.InfiniteTimeSpan && age <= quantum) is { } hasty)
        {
            throw new InvalidOperationException(
                $"{hasty.Type} may be idle for {AgeLimit(hasty)}, which must be longer than the {quantum} between two looks for idle grains.");
        }

        _timer = engine.Time.CreateTimer(_ => Collect(), null, quantum, quantum);
    }

    public void Dispose() => _timer.Dispose();

    private void Collect()
    {
        var now = _engine.Time.GetTimestamp();
        foreach (var activation in _engine.Activations.All)
        {
            var age = AgeLimit(activation.Class);
            if (age != Timeout.InfiniteTimeSpan)
            {
                activation.CollectIfIdle(now, age);
            }
        }
    }

    private TimeSpan AgeLimit(GrainClass grainClass) =>
        _engine.Collection.ClassSpecificCollectionAge.TryGetValue(grainClass.Type.FullName!, out var configured) ? configured
            : grainClass.AgeLimit ?? _engine.Collection.CollectionAge;
}
