using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary>What is wrong with a command line, in one line each, with the nearest verb or option.</summary>
internal static partial class UsageErrors
{
    /// <summary>Says it, and where the help is.</summary>
    public static void Write(CliContext context, ParseResult parsed)
    {
        foreach (var problem in Problems(parsed))
        {
            context.Error.WriteLine($"caur: {problem}");
        }

        context.Error.WriteLine($"'{Name(parsed.CommandResult)} --help' shows how it is used.");
    }

    /// <summary>A command with those above it: <c>caur repo list</c>.</summary>
    public static string Name(CommandResult? result)
    {
        var names = new Stack<string>();
        for (; result is not null; result = result.Parent as CommandResult)
        {
            names.Push(result.Command is RootCommand ? "caur" : result.Command.Name);
        }

        return string.Join(' ', names);
    }

    private static IEnumerable<string> Problems(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var verbs = command.Subcommands.Where(verb => !verb.Hidden).Select(verb => verb.Name).ToList();
        var options = parsed.Tokens.TakeWhile(token => token.Value != "--").Where(token => IsUnknownOption(token, parsed)).Select(token => token.Value).ToList();
        var unknown = parsed.UnmatchedTokens.FirstOrDefault(token => !options.Contains(token));
        if (verbs.Count > 0 && unknown is not null)
        {
            // What follows belongs to a verb that there is not.
            yield return $"'{Name(parsed.CommandResult)}' has no verb '{unknown}'{Nearest(unknown, verbs)}";
            yield break;
        }

        if (options.Count > 0)
        {
            var known = command.Options.Concat(AllAbove(parsed)).Where(option => !option.Hidden).SelectMany(option => (string[])[option.Name, .. option.Aliases]).Where(name => name.StartsWith("--", StringComparison.Ordinal));
            foreach (var option in options)
            {
                yield return $"'{Name(parsed.CommandResult)}' has no option '{option}'{Nearest(option.Split('=')[0], known)}";
            }
        }

        if (verbs.Count > 0 && command.Action is null && options.Count == 0)
        {
            yield return $"'{Name(parsed.CommandResult)}' wants a verb: {string.Join(", ", verbs)}";
        }
        else if (unknown is not null && options.Count == 0)
        {
            yield return $"'{Name(parsed.CommandResult)}' does not know what '{unknown}' is";
        }

        // Those said already come again, in the parser's words; what the verbs themselves say of an unknown option is beside the point.
        foreach (var message in parsed.Errors.Select(error => error.Message).Distinct())
        {
            if (!parsed.UnmatchedTokens.Any(token => message.Contains($"'{token}'", StringComparison.Ordinal))
                && !options.Any(option => message.Contains($"'{option}'", StringComparison.Ordinal))
                && !(verbs.Count > 0 && parsed.CommandResult.Command.Action is null && message.StartsWith("Required command", StringComparison.Ordinal)))
            {
                yield return ForPeople(message);
            }
        }
    }

    /// <summary>The parser names types of .NET for a value that is none.</summary>
    private static string ForPeople(string message) =>
        NoValue().Match(message) is not { Success: true } match ? message
        : match.Groups["type"].Value switch
        {
            "Int32" or "Int64" => $"'{match.Groups["value"].Value}' is no whole number, which {match.Groups["for"].Value} wants.",
            "Guid" => $"'{match.Groups["value"].Value}' is no id as 6f0f1a52-53a1-4b0e-9d5f-0c8b7e5a4d21, which {match.Groups["for"].Value} wants.",
            _ => message,
        };

    [GeneratedRegex(@"^Cannot parse argument '(?<value>.*)' for (?:command|option) '(?<for>[^']+)' as expected type '(?:System\.Nullable`1\[)?System\.(?<type>\w+)\]?'\.$", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NoValue();

    /// <summary>An option that nobody knows is an argument to the parser, and often one that fits.</summary>
    private static bool IsUnknownOption(Token token, ParseResult parsed) =>
        token.Value.Length > 1 && token.Value[0] == '-' && token.Value != "--"
        && token.Type == TokenType.Argument
        && !parsed.CommandResult.Children.OfType<OptionResult>().Any(option => option.Tokens.Contains(token));

    private static IEnumerable<Option> AllAbove(ParseResult parsed)
    {
        for (var result = parsed.CommandResult.Parent as CommandResult; result is not null; result = result.Parent as CommandResult)
        {
            foreach (var option in result.Command.Options.Where(option => option.Recursive))
            {
                yield return option;
            }
        }
    }

    private static string Nearest(string word, IEnumerable<string> names) =>
        NearestNames.Of(word, names.Distinct()) is { Count: > 0 } nearest ? $"; did you mean {string.Join(" or ", nearest)}?" : "";
}
