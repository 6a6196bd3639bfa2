using System.CommandLine;

namespace Caur.Silo.Cli.Completion;

/// <summary><c>caur __complete -- WORD...</c>, which the shells' functions call: prints what fits, one a line.</summary>
internal static class CompleteVerb
{
    public const string Name = "__complete";

    /// <summary>Prints what fits the words behind <c>--</c>; the last is being typed.</summary>
    /// <returns>Always 0: somebody is typing, and has no use for an error.</returns>
    public static async Task<int> RunAsync(CliContext context, RootCommand root, IReadOnlyList<string> words)
    {
        foreach (var one in await new Completer(root, new FarmNames(context, root, words).AskAsync).CompleteAsync(words))
        {
            context.Out.WriteLine(one);
        }

        return ExitCodes.Ok;
    }
}
