using System.Diagnostics.CodeAnalysis;

namespace Caur.Pacman;

/// <summary>What a reader answers: the whole value, or the faults that made it refuse the input.</summary>
/// <typeparam name="T">What was read.</typeparam>
public sealed class FormatResult<T>
    where T : class
{
    private FormatResult(T? value, IReadOnlyList<FormatError> errors)
    {
        Value = value;
        Errors = errors;
    }

    /// <summary>What was read, or null when the input was refused.</summary>
    public T? Value { get; }

    /// <summary>Why the input was refused, in the order of the input. Empty when there is a value.</summary>
    public IReadOnlyList<FormatError> Errors { get; }

    /// <summary>The first fault, or null when there is a value.</summary>
    public FormatError? Error => Errors.Count > 0 ? Errors[0] : null;

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsValid => Errors.Count == 0;

    /// <summary>The value, for callers for whom a refusal is a bug.</summary>
    /// <exception cref="FormatException">The input was refused; the message lists the faults.</exception>
    public T GetRequired() => IsValid ? Value : throw new FormatException(string.Join("; ", Errors));

    internal static FormatResult<T> Of(T value) => new(value, []);

    internal static FormatResult<T> Refused(IReadOnlyList<FormatError> errors) => new(null, errors);

    internal static FormatResult<T> Refused(FormatError error) => new(null, [error]);
}
