using System.CommandLine;

namespace Caur.Silo.Cli;

/// <summary>Options that stand before a verb, as in <c>caur --json queue</c> or <c>caur repo --json list</c>, where the parser does not know them yet.</summary>
internal static class LeadingOptions
{
    private static readonly string[] WithValue = [CommonOptions.Server.Name, CommonOptions.Token.Name, CommonOptions.Data.Name];

    /// <summary>Puts the options that most verbs share behind the verb's own arguments; all else stays as it is.</summary>
    /// <param name="root">All verbs.</param>
    /// <param name="arguments">What was typed.</param>
    public static IReadOnlyList<string> BehindVerb(Command root, IReadOnlyList<string> arguments)
    {
        var (verb, verbs, options) = (root, new List<string>(), new List<string>());
        var next = 0;
        while (next < arguments.Count)
        {
            if (Length(arguments[next]) is var length and > 0)
            {
                options.AddRange(arguments.Skip(next).Take(length));
                next += length;
            }
            else if (verb.Subcommands.FirstOrDefault(below => below.Name == arguments[next]) is { } below)
            {
                verbs.Add(arguments[next++]);
                verb = below;
            }
            else
            {
                break;
            }
        }

        if (options.Count == 0)
        {
            return arguments;
        }

        // What stands behind -- are names.
        var rest = arguments.Skip(next).ToList();
        var names = rest.IndexOf("--");
        rest.InsertRange(names < 0 ? rest.Count : names, options);
        return [.. verbs, .. rest];
    }

    /// <summary>How many arguments an option takes with its value; 0 when it is none of the shared ones.</summary>
    private static int Length(string argument) =>
        WithValue.Contains(argument) ? 2
        : argument == CommonOptions.Json.Name || WithValue.Any(option => argument.StartsWith($"{option}=", StringComparison.Ordinal)) ? 1
        : 0;
}
