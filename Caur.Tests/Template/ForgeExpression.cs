using System.Text.RegularExpressions;

namespace Caur.Tests.Template;

/// <summary>What the conditions and expressions of the template's files come to: as much of GitHub's expressions and of GitLab's <c>rules:if</c>
/// as stands there. What it does not know is an error.</summary>
internal sealed partial class ForgeExpression
{
    private readonly List<string> _tokens;
    private readonly Func<string, string?> _value;
    private int _at;

    private ForgeExpression(string text, Func<string, string?> value)
    {
        _tokens = [.. Token().Matches(text).Select(match => match.Value).Where(token => !string.IsNullOrWhiteSpace(token))];
        _value = value;
    }

    /// <summary>The value: a text, a truth, or null.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="value">The value of a name: <c>inputs.x</c>, <c>$NAME</c>.</param>
    public static object? Of(string text, Func<string, string?> value)
    {
        var expression = new ForgeExpression(text, value);
        var result = expression.Or();
        expression._at.ShouldBe(expression._tokens.Count, text);
        return result;
    }

    /// <summary>Whether a value counts as true.</summary>
    public static bool IsTrue(object? value) => value is true or string { Length: > 0 };

    /// <summary>A text with its <c>${{ }}</c> replaced.</summary>
    public static string Fill(string text, Func<string, string?> value) => Placeholder().Replace(text, match => Of(match.Groups[1].Value, value)?.ToString() ?? "");

    private object? Or()
    {
        var left = And();
        while (Take("||"))
        {
            var right = And();
            left = IsTrue(left) ? left : right;
        }

        return left;
    }

    private object? And()
    {
        var left = Comparison();
        while (Take("&&"))
        {
            var right = Comparison();
            left = IsTrue(left) ? right : left;
        }

        return left;
    }

    private object? Comparison()
    {
        var left = Operand();
        return Take("==") ? Text(left) == Text(Operand()) : Take("!=") ? Text(left) != Text(Operand()) : left;
    }

    private object? Operand()
    {
        var token = _tokens[_at++];
        if (token == "(")
        {
            var inner = Or();
            Take(")").ShouldBeTrue();
            return inner;
        }

        if (token == "format")
        {
            Take("(").ShouldBeTrue();
            var pattern = Text(Or());
            Take(",").ShouldBeTrue();
            var argument = Text(Or());
            Take(")").ShouldBeTrue();
            return pattern.Replace("{0}", argument, StringComparison.Ordinal);
        }

        return token[0] is '\'' or '"' ? token[1..^1] : char.IsLetter(token[0]) || token[0] == '$' ? _value(token) : throw new FormatException($"'{token}' is not known here");
    }

    private static string Text(object? value) => value?.ToString() ?? "";

    private bool Take(string token)
    {
        if (_at < _tokens.Count && _tokens[_at] == token)
        {
            _at++;
            return true;
        }

        return false;
    }

    [GeneratedRegex(@"'[^']*'|""[^""]*""|\|\||&&|==|!=|\$?[A-Za-z_][\w.-]*|\s+|.")]
    private static partial Regex Token();

    [GeneratedRegex(@"\$\{\{\s*(.*?)\s*\}\}")]
    private static partial Regex Placeholder();
}
