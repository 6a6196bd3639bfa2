namespace Caur.Pipelines.Webhooks;

/// <summary>Who speaks.</summary>
internal enum WebhookSender
{
    /// <summary>GitLab: <c>X-Gitlab-Event</c>, secret in <c>X-Gitlab-Token</c>.</summary>
    GitLab,

    /// <summary>GitHub, and Gitea and Forgejo, which speak as GitHub does: <c>X-GitHub-Event</c>, signature in <c>X-Hub-Signature-256</c>.</summary>
    GitHub,

    /// <summary>Anything else that can sign: <c>X-Hub-Signature-256</c> alone, or Standard Webhooks' headers.</summary>
    Generic,
}

/// <summary>A branch of a repository stands elsewhere.</summary>
internal sealed record PushEvent
{
    public required WebhookSender Sender { get; init; }

    /// <summary>The repository's addresses, as the sender knows it; at least one.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>Without <c>refs/heads/</c>.</summary>
    public required string Branch { get; init; }

    /// <summary>Where it stood; null for a branch that is new, or when the sender does not say.</summary>
    public string? Before { get; init; }

    /// <summary>Where it stands now, 40 or 64 hexadecimal digits in lower case.</summary>
    public required string After { get; init; }

    /// <summary>The newest commit's message; null when the sender does not say.</summary>
    public string? Message { get; init; }

    /// <summary>Whether the message asks for no CI, as a run's own commits do.</summary>
    public bool SkipsCi => Message is { } message && Markers.Any(marker => message.Contains(marker, StringComparison.OrdinalIgnoreCase));

    private static string[] Markers => ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];
}

/// <summary>What a delivery came to.</summary>
internal enum WebhookVerdict
{
    /// <summary>A push to look at.</summary>
    Push,

    /// <summary>It is genuine, and there is nothing to do.</summary>
    Ignored,

    /// <summary>It is not taken.</summary>
    Refused,
}

/// <summary>What a delivery came to.</summary>
/// <param name="Verdict">Whether there is something to do.</param>
/// <param name="Status">The HTTP status of the answer.</param>
/// <param name="Reason">A sentence for the sender's log; nothing of the secret or the body's texts is in it.</param>
/// <param name="Push">The push.</param>
internal sealed record WebhookAnswer(WebhookVerdict Verdict, int Status, string Reason, PushEvent? Push = null)
{
    public static WebhookAnswer Refused(int status, string reason) => new(WebhookVerdict.Refused, status, reason);

    public static WebhookAnswer Ignored(string reason) => new(WebhookVerdict.Ignored, 200, reason);

    public static WebhookAnswer Of(PushEvent push) => new(WebhookVerdict.Push, 202, $"{push.Branch} is looked at", push);
}
