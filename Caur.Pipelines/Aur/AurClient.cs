using Caur.Pipelines.Polite;

namespace Caur.Pipelines.Aur;

/// <summary>
/// Asks the AUR when packages were changed last, and who maintains them: few by RPC, many by one download of the metadata, which is not repeated
/// as long as they have not changed. If one way fails, the other is gone.
/// </summary>
/// <param name="client">The polite client, through the proxy for the AUR if there is one.</param>
/// <param name="options">Where the AUR is.</param>
/// <param name="cache">Where metadata are remembered between runs; null to load them each time.</param>
internal sealed class AurClient(PoliteClient client, AurOptions options, AurCache? cache = null)
{
    private readonly AurRpc _rpc = new(client, options);

    public async Task<Answer<AurSnapshot>> AskAsync(IReadOnlyCollection<AurQuery> queries, CancellationToken cancellationToken)
    {
        if (queries.Count == 0)
        {
            return Answer<AurSnapshot>.Of(new AurSnapshot(new Dictionary<string, AurPackage>(StringComparer.Ordinal), 0, "nobody: no package is from the AUR"));
        }

        var few = queries.Count <= options.MostByRpc;
        var first = few ? await _rpc.InfoAsync(queries, cancellationToken) : await LoadAsync(queries, cancellationToken);
        if (first.IsGiven)
        {
            return first;
        }

        var second = few ? await LoadAsync(queries, cancellationToken) : await _rpc.InfoAsync(queries, cancellationToken);
        return second.IsGiven ? second : Answer<AurSnapshot>.Refused($"the AUR cannot be asked: {first.Problem}; and {second.Problem}");
    }

    /// <summary>
    /// Everybody who may push to packages. What metadata do not say (co-maintainers) is asked for by RPC, so this is for the few packages for
    /// which it matters.
    /// </summary>
    /// <returns>By pkgbase, with <see cref="AurPackage.Maintainers"/> where the AUR tells all of them.</returns>
    public async Task<Answer<AurSnapshot>> MaintainersAsync(
        IReadOnlyCollection<AurQuery> queries, AurSnapshot? known, CancellationToken cancellationToken) =>
        known is not null && queries.All(query => known.Packages.TryGetValue(query.PkgBase, out var package) && package.Maintainers is not null)
            ? Answer<AurSnapshot>.Of(known)
            : await _rpc.InfoAsync(queries, cancellationToken);

    private async Task<Answer<AurSnapshot>> LoadAsync(IReadOnlyCollection<AurQuery> queries, CancellationToken cancellationToken)
    {
        var wanted = queries.Select(query => query.PkgBase).ToHashSet(StringComparer.Ordinal);
        var known = cache is null ? null : await cache.ReadAsync(options.Metadata, wanted, cancellationToken);
        var answer = await client.GetAsync(
            options.Metadata,
            known is { Validators.IsEmpty: false } kept ? kept.Validators : null,
            (body, token) => AurMetadata.ReadAsync(body, wanted, options.MostUnpacked, token),
            cancellationToken);
        if (!answer.IsGiven)
        {
            return Answer<AurSnapshot>.Refused(answer.Problem);
        }

        if (answer.Value.Value is not { } loaded)
        {
            return Answer<AurSnapshot>.Of(known!.Value.Snapshot);
        }

        if (cache is not null)
        {
            await cache.WriteAsync(options.Metadata, answer.Value.Validators, wanted, loaded, cancellationToken);
        }

        return Answer<AurSnapshot>.Of(loaded);
    }
}
