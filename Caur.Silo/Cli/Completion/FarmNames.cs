using System.CommandLine;
using System.Globalization;

namespace Caur.Silo.Cli.Completion;

/// <summary>Names from the farm, for somebody who is typing: what does not come at once does not come.</summary>
internal sealed class FarmNames(CliContext context, RootCommand root, IReadOnlyList<string> words)
{
    /// <summary>How many milliseconds somebody who pressed the tabulator waits. Default: 300.</summary>
    public const string PatienceVariable = "CAUR_COMPLETION_MS";

    private const int DefaultPatience = 300;
    private const int LongestPatience = 60_000;

    /// <summary>Of the builds there ever were, the newest.</summary>
    private const int MostBuilds = 500;

    /// <summary>The names of a kind; none when the farm does not answer in time.</summary>
    public async Task<IEnumerable<string>> AskAsync(CompletionSource source)
    {
        var patience = int.TryParse(context.Variable(PatienceVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var set)
            ? Math.Min(set, LongestPatience)
            : DefaultPatience;
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(patience), context.Time);
        try
        {
            await using var farm = root.Parse([.. words.SkipLast(1)], new ParserConfiguration { ResponseFileTokenReplacer = null }).Farm(context);
            return source switch
            {
                CompletionSource.TargetRepositories => (await farm.FarmAsync(limit.Token)).TargetRepositories.Select(one => one.Name),
                CompletionSource.SourceRepositories => (await farm.FarmAsync(limit.Token)).SourceRepositories,
                CompletionSource.Architectures => (await farm.FarmAsync(limit.Token)).TargetRepositories.SelectMany(one => one.Architectures),
                CompletionSource.Packages => await farm.PackageNamesAsync(words[^1].Split('=')[^1], limit.Token),
                CompletionSource.QueuedBuilds => (await farm.QueueItemsAsync("", limit.Token)).Items.Select(item => item.Build.ToString()),
                CompletionSource.Builds => (await farm.BuildsAsync("", MostBuilds, limit.Token)).Select(build => build.Build.ToString()),
                CompletionSource.Builders => (await farm.BuildersAsync(limit.Token)).Select(builder => builder.Builder.Name),
                _ => [],
            };
        }
        catch (Exception error) when (error is FarmException or OperationCanceledException)
        {
            return [];
        }
    }
}
