namespace Caur.Tests.Engine.Conformance;

/// <summary>The grain classes that the conformance tests use.</summary>
public static class ConformanceGrains
{
    /// <summary>The name of the storage beside the default one.</summary>
    public const string NamedStorage = "named";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Type> Classes { get; } =
    [
        typeof(TurnGrain), typeof(ReentrantTurnGrain), typeof(CopyGrain), typeof(StateGrain), typeof(TimerGrain),
        typeof(LifeGrain), typeof(ShortLivedGrain), typeof(CallGrain), typeof(ReminderGrain), typeof(ObservedGrain),
    ];
}
