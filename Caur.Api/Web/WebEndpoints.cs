using Caur.Api.Auth;
using Caur.Api.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Caur.Api.Web;

/// <summary>The pages for browsers: <c>/</c>, the queue, and <c>/logs.html</c>, the log viewer that <c>LOGS_URL</c> names. They ask for everything
/// by relative addresses, so that they work in any folder behind a reverse proxy.</summary>
public static class WebEndpoints
{
    /// <summary>Scripts and styles of this origin only, and no text that becomes markup or script.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types caur";

    private const string ForProgrammes =
        "Caur, a package build farm.\n\n/repos/<name>/<arch>/    the repositories\n/api/queue/stats         the queue\n"
        + "/api/logs/<pkgbase>      the newest log of a package\n/metrics                 for Prometheus\n/openapi/v1.json         all routes\n";

    private static readonly WebAssets Assets = WebAssets.Load();

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Takes what comes under <c>/logs/</c> as if it came under <c>/</c>. The manual's <c>LOGS_URL</c> is <c>.../logs/logs.html</c>: it has
    /// to work behind a proxy that takes the folder away and behind one that does not.</summary>
    public static void UseLogsFolder(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseHeadAsGet(() =>
        {
            app.UsePathBase("/logs");
            // After that: the path that is routed is the shorter one.
            app.UseRouting();
        });
    }

    /// <summary>Maps the pages.</summary>
    public static IEndpointRouteBuilder MapWeb(this IEndpointRouteBuilder app)
    {
        var pages = app.MapGroup("").WithMetadata(new PageAttribute()).ExcludeFromDescription();
        pages.MapMethods("/", Methods, GetIndex);
        pages.MapMethods("/logs.html", Methods, (HttpContext context) => Page(context, "logs.html"));
        pages.MapMethods("/web/{version}/{name}", Methods, GetAsset);
        return app;
    }

    /// <summary>A page for browsers, and a line of help for everything else.</summary>
    private static IResult GetIndex(HttpContext context)
    {
        context.Response.Headers.Vary = HeaderNames.Accept;
        return context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            ? Page(context, "index.html")
            : TypedResults.Text(ForProgrammes);
    }

    private static FileContentHttpResult Page(HttpContext context, string name)
    {
        Secure(context.Response);
        // Asked for again each time, and answered with 304 as long as it is the same.
        context.Response.Headers.CacheControl = "no-cache";
        return Send(Assets.Find(name)!);
    }

    private static Results<FileContentHttpResult, NotFound> GetAsset(string version, string name, HttpContext context)
    {
        if (Assets.Find(name) is not { } asset)
        {
            return TypedResults.NotFound();
        }

        Secure(context.Response);
        // A page of the version before, during an update, gets what there is: nobody may keep that under the old name.
        context.Response.Headers.CacheControl = version == Assets.Version ? "public, max-age=31536000, immutable" : "no-cache";
        return Send(asset);
    }

    private static FileContentHttpResult Send(WebAsset asset) =>
        TypedResults.Bytes(asset.Content, asset.ContentType, entityTag: asset.Tag);

    private static void Secure(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }
}
