using System.CommandLine;

namespace Caur.Silo.Cli.Completion;

/// <summary>What may stand at the end of a command line that is being typed.</summary>
internal sealed class Completer(RootCommand root, Func<CompletionSource, Task<IEnumerable<string>>> ask)
{
    /// <summary>The words that fit, each whole.</summary>
    /// <param name="words">Those behind <c>caur</c>; the last is being typed and may be empty.</param>
    /// <returns>In alphabetical order; or <see cref="CompletionSource.Files"/>'s word alone when files are wanted.</returns>
    public async Task<IReadOnlyList<string>> CompleteAsync(IReadOnlyList<string> words)
    {
        var place = Place.Find(root, words);
        var word = words.Count > 0 ? words[^1] : "";
        var (prefix, found) = await FindAsync(place, word);
        return found.FirstOrDefault() == CompletionRules.FilesWord
            ? [CompletionRules.FilesWord]
            : [.. found.Select(one => prefix + one).Where(one => one.StartsWith(word, StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal)];
    }

    private async Task<(string Prefix, IEnumerable<string> Found)> FindAsync(Place place, string word)
    {
        if (place.Option is { } waiting)
        {
            return ("", await ValuesAsync(waiting, waiting.HelpName));
        }

        if (!place.OnlyArguments && word.StartsWith('-'))
        {
            return word.IndexOf('=', StringComparison.Ordinal) is > 0 and var cut && place.Known(word[..cut]) is { } option
                ? (word[..(cut + 1)], await ValuesAsync(option, option.HelpName))
                : ("", place.Options);
        }

        var verbs = place.Arguments == 0 && !place.OnlyArguments ? place.Command.Subcommands.Where(verb => !verb.Hidden).Select(verb => verb.Name) : [];
        var argument = place.Argument is { } next ? await ValuesAsync(next, next.HelpName) : [];
        var all = verbs.Concat(argument.Except(place.Given)).ToList();
        return ("", all.Count == 0 && word.Length == 0 && place is { Argument: null, Arguments: 0 } ? place.Options : all);
    }

    private async Task<IEnumerable<string>> ValuesAsync(Symbol symbol, string? helpName) => CompletionRules.Of(symbol, helpName) switch
    {
        { Choices: { Count: > 0 } choices } => choices,
        { Source: CompletionSource.Nothing } => [],
        { Source: CompletionSource.Files } => [CompletionRules.FilesWord],
        var rule => await ask(rule.Source),
    };

    /// <summary>Where on the command line the last word stands.</summary>
    private sealed record Place(Command Command, Option? Option, int Arguments, bool OnlyArguments, IReadOnlySet<Option> Used, IReadOnlyList<string> Given)
    {
        /// <summary>The options that may come.</summary>
        public IEnumerable<string> Options => Command.Options.Where(option => !option.Hidden && !Used.Contains(option)).Select(option => option.Name).Append("--help").Distinct();

        /// <summary>The argument that comes next; the last one may take several.</summary>
        public Argument? Argument =>
            Arguments < Command.Arguments.Count ? Command.Arguments[Arguments]
            : Command.Arguments is [.., { Arity.MaximumNumberOfValues: > 1 } last] ? last
            : null;

        public Option? Known(string name) => Find(Command, name);

        public static Place Find(RootCommand root, IReadOnlyList<string> words)
        {
            Command command = root;
            var used = new HashSet<Option>();
            var given = new List<string>();
            var (waiting, onlyArguments) = (default(Option), false);
            foreach (var word in words.SkipLast(1))
            {
                if (waiting is not null)
                {
                    waiting = null;
                }
                else if (!onlyArguments && word == "--")
                {
                    onlyArguments = true;
                }
                else if (!onlyArguments && word is ['-', _, ..])
                {
                    if (Find(command, word.Split('=')[0]) is { } option)
                    {
                        used.Add(option);
                        waiting = option.ValueType == typeof(bool) || option.Arity.MaximumNumberOfValues == 0 || word.Contains('=', StringComparison.Ordinal) ? null : option;
                    }
                }
                else if (given.Count == 0 && command.Subcommands.FirstOrDefault(verb => verb.Name == word) is { } verb)
                {
                    command = verb;
                }
                else
                {
                    given.Add(word);
                }
            }

            return new Place(command, waiting, given.Count, onlyArguments, used, given);
        }

        private static Option? Find(Command command, string name) =>
            command.Options.FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name));
    }
}
