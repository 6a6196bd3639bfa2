using System.CommandLine;
using System.CommandLine.Completions;

namespace Caur.Silo.Cli.Completion;

/// <summary>Where the values of an argument or option come from.</summary>
internal enum CompletionSource
{
    Nothing,
    Files,
    Packages,
    Builds,
    QueuedBuilds,
    TargetRepositories,
    SourceRepositories,
    Architectures,
    Builders,
}

/// <summary>How one argument or option is completed.</summary>
/// <param name="Source">Where from.</param>
/// <param name="Choices">The only values it has, when they are known.</param>
internal sealed record CompletionRule(CompletionSource Source, IReadOnlyList<string> Choices);

/// <summary>How arguments and options are completed: by what they are called everywhere, and by their values where the help lists them
/// (<c>a|b|c</c>).</summary>
internal static class CompletionRules
{
    /// <summary>Tells the shell to complete files.</summary>
    public const string FilesWord = ":files";

    private static readonly Dictionary<string, CompletionSource> ByName = new()
    {
        ["packages"] = CompletionSource.Packages,
        ["pkgbase"] = CompletionSource.Packages,
        ["pkgbases"] = CompletionSource.Packages,
        ["names"] = CompletionSource.Packages,
        ["--package"] = CompletionSource.Packages,
        ["build"] = CompletionSource.Builds,
        ["queued-build"] = CompletionSource.QueuedBuilds,
        ["--target-repo"] = CompletionSource.TargetRepositories,
        ["--source-repo"] = CompletionSource.SourceRepositories,
        ["--arch"] = CompletionSource.Architectures,
        ["builder"] = CompletionSource.Builders,
        ["--builder"] = CompletionSource.Builders,
        ["--config"] = CompletionSource.Files,
        ["folder"] = CompletionSource.Files,
        ["file"] = CompletionSource.Files,
        ["--data"] = CompletionSource.Files,
        ["--deptree"] = CompletionSource.Files,
        ["--from"] = CompletionSource.Files,
        ["--source"] = CompletionSource.Files,
    };

    public static CompletionRule Of(Symbol symbol, string? helpName) =>
        ByName.TryGetValue(symbol.Name, out var source) ? new(source, [])
        : symbol is Option<string?> { CompletionSources.Count: > 0 } ? new(CompletionSource.Nothing, [.. symbol.GetCompletions(CompletionContext.Empty).Select(one => one.Label)])
        : helpName is not null && helpName.Contains('|', StringComparison.Ordinal) && helpName.All(c => char.IsAsciiLetterLower(c) || c is '|' or '-')
            ? new(CompletionSource.Nothing, helpName.Split('|'))
        : new(CompletionSource.Nothing, []);
}
