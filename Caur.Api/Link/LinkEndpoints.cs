using Caur.Api.Auth;
using Caur.Api.Builders;
using Caur.Api.Documentation;
using Caur.Api.Hosting;
using Caur.Api.Problems;
using Caur.Protocol.Link;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Api.Link;

/// <summary>Where builders on other machines join, and where their archives come in.</summary>
internal static class LinkEndpoints
{
    private const string Path = "/" + LinkProtocol.Path;

    public static IServiceCollection AddBuilderLinks(this IServiceCollection services)
    {
        services.AddOptions<LinkOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<LinkOptions>, LinkOptionsValidator>();
        services.AddSingleton<LinkInstruments>();
        services.AddSingleton<LinkRegistry>();
        services.AddSingleton<LinkServices>();
        services.AddHostedService(provider => provider.GetRequiredService<LinkRegistry>());
        return services;
    }

    /// <summary>Comes before the edge: it counts whom that does not let in.</summary>
    public static void UseBuilderLinks(this WebApplication app)
    {
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
        var instruments = app.Services.GetRequiredService<LinkInstruments>();
        app.Use(async (HttpContext context, RequestDelegate next) =>
        {
            await next(context);
            if (context.Request.Path == Path
                && context.Response.StatusCode is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status429TooManyRequests)
            {
                instruments.Refused(LinkInstruments.NotLetIn);
            }
        });
    }

    public static IEndpointRouteBuilder MapBuilderLinks(this IEndpointRouteBuilder app)
    {
        app.MapGet(Path, LinkAsync)
            .RequireAuthorization(AuthPolicies.Link)
            .WithTags("builders")
            .WithName("LinkBuilder")
            .Documented(
                "Join as a builder.",
                $"A WebSocket with the subprotocol `{LinkProtocol.Version}` and a builder's token; `caur builder` speaks it, and docs/builder-link.md describes it. "
                + "Without an upgrade it answers 426 to whoever would be let in, so that a token can be tried.")
            .WantsToken("builder")
            .AnswersText("", "application/octet-stream", when: "The WebSocket, until either end closes it.")
            .Refuses(StatusCodes.Status426UpgradeRequired, "It is no WebSocket of this protocol.", $"a WebSocket with the subprotocol {LinkProtocol.Version} is wanted")
            .Refuses(StatusCodes.Status429TooManyRequests, "Too many links are open.", "256 links are open with this token already, and that is the most");
        app.MapUploads();
        return app;
    }

    private static async Task LinkAsync(HttpContext context, LinkServices services, LinkRegistry registry)
    {
        var token = TokenIdentity.Of(context.User)!;
        if (!context.WebSockets.IsWebSocketRequest || !context.WebSockets.WebSocketRequestedProtocols.Contains(LinkProtocol.Version))
        {
            context.Response.Headers.Upgrade = "websocket";
            await Refusals.WriteAsync(
                context, StatusCodes.Status426UpgradeRequired, $"a WebSocket with the subprotocol {LinkProtocol.Version} is wanted, which 'caur builder' of this version speaks");
            return;
        }

        var address = ClientAddress.Client(context);
        if (registry.TryEnter(token.Id, address) is { } full)
        {
            context.Response.Headers.RetryAfter = "30";
            await Refusals.WriteAsync(context, StatusCodes.Status429TooManyRequests, full);
            return;
        }

        try
        {
            // An agent may take what it is sent at its own speed.
            context.Response.Headers["X-Accel-Buffering"] = "no";
            using var accepted = await context.WebSockets.AcceptWebSocketAsync(LinkProtocol.Version);
            using var socket = new LinkSocket(accepted, services.Clock) { Watch = (message, _) => services.Instruments.Message(message) };
            var session = ActivatorUtilities.CreateInstance<GrainBuilderSession>(context.RequestServices);

            // A token that is revoked aborts the request, and with it the link.
            await new BuilderLink(token, session, socket, services).RunAsync(context.RequestAborted);
        }
        finally
        {
            registry.Leave(token.Id, address);
        }
    }
}
