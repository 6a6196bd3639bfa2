using Caur.Api.Auth;
using Caur.Storage.Files;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Problems;

/// <summary>The folders of the hub's machine, which are nobody's business but an admin's.</summary>
internal sealed class HubPaths(FolderNames names)
{
    /// <summary>A text as somebody may read it: an admin as it is, everybody else with a name in the place of each path.</summary>
    public string For(HttpContext context, string text) =>
        TokenIdentity.Of(context.User)?.Role == TokenRole.Admin ? text : names.In(text);
}
