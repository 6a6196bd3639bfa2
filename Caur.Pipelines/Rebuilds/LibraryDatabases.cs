using Caur.Pacman;
using Caur.Pipelines.Polite;

namespace Caur.Pipelines.Rebuilds;

/// <summary>Reads the databases of <c>CI_LIB_DB</c>: pacman databases at addresses, separated by white space.</summary>
internal sealed class LibraryDatabases(PoliteClient client, DatabaseCache? cache = null)
{
    /// <summary>What of a database is borne: extra.db has 30 MB.</summary>
    private static readonly ArchiveLimits Limits = ArchiveLimits.Database with { MaxUnpackedBytes = 1L << 30 };

    /// <summary>All of them, at the same time. One that cannot be read tells why, and does not stop the others.</summary>
    /// <param name="setting">The value of <c>CI_LIB_DB</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<FollowedDatabase>> ReadAsync(string? setting, CancellationToken cancellationToken) =>
        await Task.WhenAll((setting ?? "")
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Distinct(StringComparer.Ordinal)
            .Select(address => ReadOneAsync(address, cancellationToken)));

    internal static string NameOf(string address)
    {
        var end = address.AsSpan(address.LastIndexOf('/') + 1);
        return (end.IndexOf(".db") is var at and > 0 ? end[..at] : end).ToString();
    }

    private async Task<FollowedDatabase> ReadOneAsync(string address, CancellationToken cancellationToken)
    {
        var name = NameOf(address);
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            return new FollowedDatabase(name, null, $"CI_LIB_DB names '{Shown.Short(address)}', which is no http address of a database");
        }

        var known = cache is null ? null : await cache.ReadAsync(uri, cancellationToken);
        var answer = await client.GetAsync(
            uri, known is null ? null : new Validators(known.EntityTag, known.LastModified), ReadBodyAsync, cancellationToken);
        if (!answer.IsGiven)
        {
            return new FollowedDatabase(name, null, answer.Problem);
        }

        if (answer.Value.Value is not { } versions)
        {
            return new FollowedDatabase(name, known!.Versions, null);
        }

        if (cache is not null && !answer.Value.Validators.IsEmpty)
        {
            await cache.WriteAsync(uri, answer.Value.Validators, versions, cancellationToken);
        }

        return new FollowedDatabase(name, versions, null);
    }

    private static async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> ReadBodyAsync(Stream body, CancellationToken cancellationToken)
    {
        // The reader blocks on its stream, which only files and memory may be read like.
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, cancellationToken);
        bytes.Position = 0;
        var read = await RepositoryDatabase.ReadAsync(bytes, null, Limits, cancellationToken);
        if (!read.IsValid)
        {
            throw new InvalidDataException($"it is no pacman database: {read.Error}");
        }

        var versions = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var packages in read.Value.GroupBy(entry => entry.PkgBase))
        {
            // The package of the pkgbase's name first: it stands for the others where they differ.
            versions[packages.Key.ToString()] =
            [
                .. packages.OrderBy(entry => entry.Name == packages.Key ? 0 : 1).ThenBy(entry => entry.Name)
                    .Select(entry => entry.Version.ToString()).Distinct(StringComparer.Ordinal),
            ];
        }

        return versions;
    }
}
