using System.Globalization;
using System.Text.Json;

namespace Caur.Silo.Configuration;

/// <summary>What a setting may be.</summary>
internal abstract class SettingKind
{
    /// <summary>What is allowed, with unit and range, to be read after "must be" and in the reference.</summary>
    public abstract string Allowed { get; }

    /// <summary>Whether the value is JSON of its own, whose parts have lines of their own.</summary>
    public virtual bool IsJson => false;

    /// <summary>What is wrong with a text from the environment, said as what it must be; null when nothing is.</summary>
    public abstract string? Problem(string text);

    /// <summary>The value of a file in the form that the variable has; null when it is of another kind.</summary>
    public virtual string? ToText(ConfigurationNode node) => node.Kind == JsonValueKind.String ? node.Text : null;

    /// <summary>What is wrong with JSON, part by part.</summary>
    public virtual void Check(ConfigurationNode node, List<ConfigurationProblem> problems)
    {
    }
}

/// <summary>A whole number.</summary>
internal sealed class WholeNumber(long least, long most, string unit = "") : SettingKind
{
    public override string Allowed => string.Create(
        CultureInfo.InvariantCulture, $"a whole number from {least} to {most}{(unit.Length > 0 ? $" ({unit})" : "")}");

    public override string? Problem(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? null
            : Allowed;

    public override string? ToText(ConfigurationNode node) => node.Kind == JsonValueKind.Number ? node.Text : null;
}

/// <summary>A number with or without a fraction.</summary>
internal sealed class Fraction(double least, double most, string unit = "") : SettingKind
{
    public override string Allowed => string.Create(
        CultureInfo.InvariantCulture, $"a number from {least} to {most}{(unit.Length > 0 ? $" ({unit})" : "")}");

    public override string? Problem(string text) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && number >= least && number <= most
            ? null
            : Allowed;

    public override string? ToText(ConfigurationNode node) => node.Kind == JsonValueKind.Number ? node.Text : null;
}

/// <summary>true or false.</summary>
internal sealed class Flag : SettingKind
{
    public override string Allowed => "true or false";

    public override string? Problem(string text) => text is "true" or "false" ? null : Allowed;

    public override string? ToText(ConfigurationNode node) => node.Kind switch
    {
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };
}

/// <summary>One of several words.</summary>
internal sealed class Choice(params string[] words) : SettingKind
{
    public override string Allowed => $"one of {string.Join(", ", words)}";

    public override string? Problem(string text) => words.Contains(text, StringComparer.Ordinal) ? null : Allowed;
}

/// <summary>A text of which something is asked.</summary>
/// <param name="allowed">What is.</param>
/// <param name="isRight">Whether a text is that.</param>
internal sealed class Words(string allowed, Func<string, bool> isRight) : SettingKind
{
    public override string Allowed => allowed;

    public override string? Problem(string text) => isRight(text) ? null : allowed;
}

/// <summary>A text of which something may be wrong in several ways, and which a number may be too.</summary>
/// <param name="allowed">What is allowed.</param>
/// <param name="isRight">Whether a text is that.</param>
internal sealed class WordOrNumber(string allowed, Func<string, bool> isRight) : SettingKind
{
    public override string Allowed => allowed;

    public override string? Problem(string text) => isRight(text) ? null : allowed;

    public override string? ToText(ConfigurationNode node) => node.Kind is JsonValueKind.String or JsonValueKind.Number ? node.Text : null;
}

/// <summary>A list of words: a list in the file, separated by blanks or commas in the environment.</summary>
/// <param name="allowed">What is allowed.</param>
/// <param name="isRight">Whether one word is that.</param>
internal sealed class WordList(string allowed, Func<string, bool> isRight) : SettingKind
{
    private static readonly char[] Separators = [' ', ',', '\t', '\n'];

    public override string Allowed => allowed;

    /// <summary>The words of a variable.</summary>
    public static IReadOnlyList<string> Split(string text) =>
        text.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public override string? Problem(string text) => Split(text).All(isRight) ? null : allowed;

    public override string? ToText(ConfigurationNode node) =>
        node.Kind == JsonValueKind.Array && node.Children.All(item => item.Kind == JsonValueKind.String && Split(item.Text).Count == 1)
            ? string.Join(' ', node.Children.Select(item => item.Text))
            : null;
}

/// <summary>JSON: an object in the file, its text in the environment.</summary>
/// <param name="allowed">Its form.</param>
/// <param name="check">Says what is wrong, part by part.</param>
internal sealed class JsonObjectKind(string allowed, Action<ConfigurationNode, List<ConfigurationProblem>> check) : SettingKind
{
    public override string Allowed => allowed;

    public override bool IsJson => true;

    public override string? Problem(string text) => null;

    public override string? ToText(ConfigurationNode node) => node.Kind == JsonValueKind.Object ? node.Text : null;

    public override void Check(ConfigurationNode node, List<ConfigurationProblem> problems) => check(node, problems);
}
