using System.CommandLine;

namespace Caur.Silo.Cli.Completion;

/// <summary>Names from the farm, for somebody who is typing: what does not come at once does not come.</summary>
internal sealed class FarmNames(CliContext context, RootCommand root, IReadOnlyList<string> words)
{
    /// <summary>How long somebody who pressed the tabulator waits.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    /// <summary>The names of a kind; none when the farm does not answer in time.</summary>
    public async Task<IEnumerable<string>> AskAsync(CompletionSource source)
    {
        using var limit = new CancellationTokenSource(Patience, context.Time);
        try
        {
            await using var farm = root.Parse([.. words.SkipLast(1)], new ParserConfiguration { ResponseFileTokenReplacer = null }).Farm(context);
            return source switch
            {
                CompletionSource.TargetRepositories => (await farm.FarmAsync(limit.Token)).TargetRepositories.Select(one => one.Name),
                CompletionSource.SourceRepositories => (await farm.FarmAsync(limit.Token)).SourceRepositories,
                CompletionSource.Architectures => (await farm.FarmAsync(limit.Token)).TargetRepositories.SelectMany(one => one.Architectures),
                CompletionSource.Packages => await farm.PackageNamesAsync(limit.Token),
                CompletionSource.Builds or CompletionSource.QueuedBuilds => (await farm.QueueAsync(limit.Token)).SelectMany(queue => queue.Items).Select(item => item.Build.ToString()),
                CompletionSource.Builders => (await farm.QueueAsync(limit.Token)).SelectMany(queue => queue.Builders).Select(builder => builder.Profile.Builder.Name),
                _ => [],
            };
        }
        catch (Exception error) when (error is FarmException or OperationCanceledException)
        {
            return [];
        }
    }
}
