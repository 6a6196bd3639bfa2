using Caur.Api.Builders;
using Caur.Storage.Files;

namespace Caur.Silo.Hub;

/// <summary>The farm's public key as whoever signs left it in the data folder: for gateways, which have no secret key and no gpg.</summary>
internal sealed class PublishedKey(DataFolders folders) : ITrustedKeys
{
    /// <summary>Where it lies.</summary>
    public static string PathIn(DataFolders folders) => Path.Combine(folders.Root, "key.asc");

    public async ValueTask<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            return [await File.ReadAllTextAsync(PathIn(folders), cancellationToken)];
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TrustedKeysMissingException("no process with the signing key has begun on this data folder yet");
        }
    }
}
