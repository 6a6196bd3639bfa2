using System.Text.Json;
using Caur.Contracts.Ids;
using Caur.Storage.Files;
using Caur.Storage.Repositories;

namespace Caur.Grains.Repositories;

/// <summary>What the newest publication of each repository decided, written before it is carried out and kept until the next one: so
/// that a publication that is asked for again does the same again, also when the landed archives are gone by then.</summary>
internal sealed class PublicationJournal
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly string _folder;

    /// <summary>Opens it, and removes what a process that died left of a page that it wrote.</summary>
    public PublicationJournal(string folder)
    {
        _folder = folder;
        AtomicFile.Sweep(folder, DateTimeOffset.MaxValue);
    }

    /// <summary>What this publication decided; null when it has not been decided.</summary>
    public async Task<PublicationProposal?> ReadAsync(TargetId target, string publication, CancellationToken cancellationToken)
    {
        var path = PathOf(target);
        if (!File.Exists(path))
        {
            return null;
        }

        var page = JsonSerializer.Deserialize<Page>(await File.ReadAllBytesAsync(path, cancellationToken), Json);
        return page?.Publication == publication ? page.Proposal : null;
    }

    public Task WriteAsync(TargetId target, string publication, PublicationProposal proposal, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_folder);
        return AtomicFile.WriteAsync(PathOf(target), JsonSerializer.SerializeToUtf8Bytes(new Page(publication, proposal), Json), cancellationToken);
    }

    public void Remove(TargetId target) => File.Delete(PathOf(target));

    private string PathOf(TargetId target) => Path.Combine(_folder, $"{target.Name}.{target.Arch}.json");

    private sealed record Page(string Publication, PublicationProposal Proposal);
}
