using System.Text.Json;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Storage.Files;
using Caur.Storage.Repositories;

namespace Caur.Grains.Repositories;

/// <summary>What the newest publication of each repository decided, written before it is carried out and kept until the next one: so
/// that a publication that is asked for again does the same again, also when the landed archives are gone by then.</summary>
internal sealed class PublicationJournal
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly string _folder;

    /// <summary>So long a page that is not whole yet may be what another process writes.</summary>
    private static readonly TimeSpan UnfinishedFor = TimeSpan.FromHours(1);

    /// <summary>Opens it, and removes what a process that died left of a page that it wrote.</summary>
    public PublicationJournal(string folder, TimeProvider clock)
    {
        _folder = folder;
        AtomicFile.Sweep(folder, clock.GetUtcNow() - UnfinishedFor);
    }

    /// <summary>What this publication decided; null when it has not been decided.</summary>
    public async Task<PublicationProposal?> ReadAsync(TargetId target, string publication, CancellationToken cancellationToken) =>
        (await ReadPageAsync(target, publication, cancellationToken))?.Proposal;

    /// <summary>What this change decided, and what it said of it; null when it has not been decided.</summary>
    public async Task<(PublicationPlan? Plan, RepositoryChangeView View)?> ReadChangeAsync(
        TargetId target, string publication, CancellationToken cancellationToken) =>
        await ReadPageAsync(target, publication, cancellationToken) is { Change: { } view } page ? (page.Proposal.Plan, view) : null;

    public Task WriteAsync(TargetId target, string publication, PublicationProposal proposal, CancellationToken cancellationToken) =>
        WritePageAsync(target, new Page(publication, proposal, null), cancellationToken);

    public Task WriteChangeAsync(
        TargetId target, string publication, PublicationPlan? plan, RepositoryChangeView view, CancellationToken cancellationToken) =>
        WritePageAsync(target, new Page(publication, new PublicationProposal { Plan = plan }, view.Shortened()), cancellationToken);

    /// <summary>Removes this publication's page; another's stays.</summary>
    public async Task RemoveAsync(TargetId target, string publication, CancellationToken cancellationToken)
    {
        if (await ReadPageAsync(target, publication, cancellationToken) is not null)
        {
            File.Delete(PathOf(target));
        }
    }

    private async Task<Page?> ReadPageAsync(TargetId target, string publication, CancellationToken cancellationToken)
    {
        var path = PathOf(target);
        if (!File.Exists(path))
        {
            return null;
        }

        var page = JsonSerializer.Deserialize<Page>(await File.ReadAllBytesAsync(path, cancellationToken), Json);
        return page?.Publication == publication ? page : null;
    }

    private Task WritePageAsync(TargetId target, Page page, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_folder);
        return AtomicFile.WriteAsync(PathOf(target), JsonSerializer.SerializeToUtf8Bytes(page, Json), cancellationToken);
    }

    private string PathOf(TargetId target) => Path.Combine(_folder, $"{target.Name}.{target.Arch}.json");

    private sealed record Page(string Publication, PublicationProposal Proposal, RepositoryChangeView? Change);
}
