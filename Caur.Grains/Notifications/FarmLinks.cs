using System.Globalization;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;

namespace Caur.Grains.Notifications;

/// <summary>Addresses for people.</summary>
internal sealed class FarmLinks(FarmOptions farm)
{
    /// <summary>A build's log in the log viewer; null when none is configured.</summary>
    public Uri? Log(BuildId build)
    {
        if (!Uri.TryCreate(farm.LogsUrl, UriKind.Absolute, out var viewer))
        {
            return null;
        }

        var query = string.Create(CultureInfo.InvariantCulture, $"timestamp={build.Timestamp}&id={Uri.EscapeDataString(build.Pkgbase)}");
        var before = viewer.Query.TrimStart('?');
        return new UriBuilder(viewer) { Query = before.Length > 0 ? $"{before}&{query}" : query }.Uri;
    }

    /// <summary>A commit at its forge; null when that has no page.</summary>
    public Uri? Commit(string source, string commit) => farm.SourceRepositories.TryGetValue(source, out var known)
        ? ForgeAddress.Commit(known.Url, farm.Notifiers.GetValueOrDefault(source), commit)
        : null;
}
