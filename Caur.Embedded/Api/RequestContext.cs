using Caur.Embedded.Calls;

namespace Orleans.Runtime;

/// <summary>Values that flow with calls: what a caller sets, the callee and whom it calls in turn can get. Nothing flows back.</summary>
public static class RequestContext
{
    /// <summary>The names that are set.</summary>
    public static IEnumerable<string> Keys => CallContext.Values.Keys;

    /// <summary>What is set.</summary>
    public static IEnumerable<KeyValuePair<string, object>> Entries => CallContext.Values;

    /// <summary>The value of a name; null when it is not set.</summary>
    public static object? Get(string key) => CallContext.Values.GetValueOrDefault(key);

    /// <summary>Sets a value for this flow of execution and the calls it makes.</summary>
    public static void Set(string key, object value) => CallContext.Values = CallContext.Values.SetItem(key, value);

    /// <summary>Unsets a name; whether it was set.</summary>
    public static bool Remove(string key)
    {
        var before = CallContext.Values;
        CallContext.Values = before.Remove(key);
        return before.ContainsKey(key);
    }

    /// <summary>Unsets all.</summary>
    public static void Clear() => CallContext.Values = CallContext.NoValues;
}
