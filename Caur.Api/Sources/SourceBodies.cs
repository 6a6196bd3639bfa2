using System.Text.Json.Serialization;
using Caur.Contracts.Sources;

namespace Caur.Api.Sources;

/// <summary>The body of <c>POST /api/v1/sources/{source}/runs</c>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record StartRunBody
{
    /// <summary>Which pipeline. Default: <c>on-commit</c>.</summary>
    public string Pipeline { get; init; } = "on-commit";

    /// <summary>The trigger whose packages alone are scheduled; null for an ordinary run. Only <c>on-schedule</c> has triggers.</summary>
    public string? Trigger { get; init; }

    /// <summary>The packages, for <c>schedule</c> (<c>NAME</c>, <c>NAME/CLASS</c>, or <c>all</c> alone), <c>add</c> (<c>NAME</c> of the AUR, <c>NAME/URL</c> of
    /// a git repository), <c>drop</c> and <c>bump</c>. At most 1,000.</summary>
    public IReadOnlyList<string> Packages { get; init; } = [];

    /// <summary>Only say what would be done. Default: false.</summary>
    public bool DryRun { get; init; }
}

/// <summary>An ordered run.</summary>
/// <param name="Address">Where it can be followed, on this gateway.</param>
/// <param name="Run">The run.</param>
public sealed record StartRunReply(string Address, RunSummary Run);

/// <summary>What a webhook came to.</summary>
/// <param name="Verdict">What.</param>
/// <param name="Reason">A sentence for the sender's log.</param>
public sealed record WebhookReply(PushVerdict Verdict, string Reason);
