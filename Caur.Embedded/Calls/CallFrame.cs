using System.Collections.Immutable;

namespace Caur.Embedded.Calls;

/// <summary>What flows along with execution inside of calls: the turn that runs and the values of the request context.</summary>
internal abstract class CallFrame
{
    public abstract Turn? Current { get; }

    public ImmutableDictionary<string, object> Values { get; protected init; } = CallContext.NoValues;
}

/// <summary>The frame of the executing code.</summary>
internal static class CallContext
{
    public static readonly ImmutableDictionary<string, object> NoValues =
        ImmutableDictionary.Create<string, object>(StringComparer.Ordinal);

    private static readonly AsyncLocal<CallFrame?> Frame = new();

    /// <summary>The turn that the executing code belongs to; null outside of grains and observers.</summary>
    public static Turn? Turn => Frame.Value?.Current;

    public static ImmutableDictionary<string, object> Values
    {
        get => Frame.Value?.Values ?? NoValues;
        set => Frame.Value = new ValuesFrame(Turn, value);
    }

    /// <summary>Makes <paramref name="turn"/> the current one until the calling async method returns.</summary>
    public static void Enter(Turn turn) => Frame.Value = turn;

    private sealed class ValuesFrame : CallFrame
    {
        public ValuesFrame(Turn? turn, ImmutableDictionary<string, object> values)
        {
            Current = turn;
            Values = values;
        }

        public override Turn? Current { get; }
    }
}
