using System.Diagnostics.CodeAnalysis;

namespace Caur.Pipelines.Polite;

/// <summary>What another host gave, or why it gave nothing, in words for whoever asks why a package was not updated.</summary>
/// <typeparam name="T">What was asked for.</typeparam>
internal sealed class Answer<T>
    where T : class
{
    private Answer(T? value, string? problem)
    {
        Value = value;
        Problem = problem;
    }

    /// <summary>What was asked for; null when it was not given.</summary>
    public T? Value { get; }

    /// <summary>Why it was not given; null when it was.</summary>
    public string? Problem { get; }

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool IsGiven => Value is not null;

    public static Answer<T> Of(T value) => new(value, null);

    public static Answer<T> Refused(string problem) => new(null, problem);
}
