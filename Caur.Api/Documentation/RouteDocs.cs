using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Caur.Api.Documentation;

/// <summary>What OpenAPI tells of a route beside its types. Examples are values of the types that the route declares: they cannot be
/// out of date in their form.</summary>
public static class RouteDocs
{
    /// <summary>What the route does, in a line and at length.</summary>
    public static TBuilder Documented<TBuilder>(this TBuilder builder, string summary, string description)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new EndpointSummaryAttribute(summary), new EndpointDescriptionAttribute(description));

    /// <summary>A parameter of path, query or header.</summary>
    /// <param name="builder">The route.</param>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it means and what it may be.</param>
    /// <param name="example">A value.</param>
    public static TBuilder Parameter<TBuilder>(this TBuilder builder, string name, string description, string example)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new ParameterDoc(name, description, example));

    /// <summary>A query parameter or header that the route reads itself.</summary>
    public static TBuilder FreeParameter<TBuilder>(this TBuilder builder, string name, string description, string example, bool inHeader = false)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new ParameterDoc(name, description, example) { IsFree = true, InHeader = inHeader });

    /// <summary>An example of the body that the route takes.</summary>
    public static TBuilder TakesLike<TBuilder>(this TBuilder builder, object example)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new BodyExample(null, "", example));

    /// <summary>An example of an answer, which need not be declared otherwise.</summary>
    public static TBuilder AnswersLike<TBuilder>(this TBuilder builder, object example, int status = StatusCodes.Status200OK, string when = "Done.")
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(
            new BodyExample(status, when, example),
            new ProducesResponseTypeMetadata(status, example.GetType(), ["application/json"]));

    /// <summary>An answer that is text.</summary>
    public static TBuilder AnswersText<TBuilder>(
        this TBuilder builder, string example, string contentType = "text/plain", int status = StatusCodes.Status200OK, string when = "Done.")
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new BodyExample(status, when, example), new ProducesResponseTypeMetadata(status, typeof(string), [contentType]));

    /// <summary>An answer without a body.</summary>
    public static TBuilder AnswersNothing<TBuilder>(this TBuilder builder, int status, string when)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new BodyExample(status, when, null), new ProducesResponseTypeMetadata(status, typeof(void), []));

    /// <summary>A refusal: a problem (RFC 9457) whose detail says what is wrong.</summary>
    /// <param name="builder">The route.</param>
    /// <param name="status">400 and more.</param>
    /// <param name="when">When it comes.</param>
    /// <param name="detail">An example of its detail.</param>
    public static TBuilder Refuses<TBuilder>(this TBuilder builder, int status, string when, string detail)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(
            new BodyExample(status, when, new ProblemDetails { Status = status, Detail = detail }),
            new ProducesResponseTypeMetadata(status, typeof(ProblemDetails), ["application/problem+json"]));

    /// <summary>A page's parameters.</summary>
    public static TBuilder Paged<TBuilder>(this TBuilder builder, string afterExample)
        where TBuilder : IEndpointConventionBuilder => builder
            .Parameter("after", "Goes on behind a page: its `next`. Default: from the beginning.", afterExample)
            .Parameter("limit", "How many items a page has at most, from 1 to 1000. Default: 100.", "50")
            .Refuses(StatusCodes.Status400BadRequest, "A parameter cannot be what it is.", "limit is 0, and a number from 1 to 1000 is wanted; without it a page has 100");

    /// <summary>A route that wants a token.</summary>
    public static TBuilder WantsToken<TBuilder>(this TBuilder builder, string roles)
        where TBuilder : IEndpointConventionBuilder => builder
            .Refuses(StatusCodes.Status401Unauthorized, "No token was given, or none that is valid.", "a token is wanted, and none or no valid one was given: Authorization: Bearer TOKEN")
            .Refuses(StatusCodes.Status403Forbidden, $"The token's role is not {roles}.", "the token's role may not do this");
}

/// <summary>A parameter's meaning.</summary>
/// <param name="Name">As in path or query.</param>
/// <param name="Description">What it means.</param>
/// <param name="Example">A value.</param>
internal sealed record ParameterDoc(string Name, string Description, string Example)
{
    /// <summary>No handler's argument: the route reads it from the request.</summary>
    public bool IsFree { get; init; }

    /// <summary>A header, not a part of the query.</summary>
    public bool InHeader { get; init; }
}

/// <summary>An example of a body.</summary>
/// <param name="Status">Of the answer with this status; null for the request.</param>
/// <param name="When">When that answer comes.</param>
/// <param name="Value">A value of the declared type; null for an answer without a body.</param>
internal sealed record BodyExample(int? Status, string When, object? Value);
