using Caur.Api.Auth;
using Caur.Storage.Files;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Problems;

/// <summary>The folders of the hub's machine, which are nobody's business but an admin's.</summary>
internal sealed class HubPaths(DataFolders folders)
{
    /// <summary>The longest first: a part of the data folder need not be in it.</summary>
    private readonly (string Path, string Name)[] _known =
    [
        .. new[]
        {
            (folders.Root, "the data folder"), (folders.Database, "the state's file"), (folders.Landing, "the landing zone"),
            (folders.Repositories, "the repositories' folder"), (folders.Archive, "the archive"), (folders.Logs, "the logs' folder"),
            (folders.Sources, "the clones' folder"), (folders.Keys, "the keys' folder"),
        }.Where(known => known.Item1.Length > 1).OrderByDescending(known => known.Item1.Length),
    ];

    /// <summary>A text as somebody may read it: an admin as it is, everybody else with a name in the place of each path.</summary>
    public string For(HttpContext context, string text) => TokenIdentity.Of(context.User)?.Role == TokenRole.Admin
        ? text
        : _known.Aggregate(text, (shown, known) => shown.Replace(known.Path, known.Name, StringComparison.Ordinal));
}
