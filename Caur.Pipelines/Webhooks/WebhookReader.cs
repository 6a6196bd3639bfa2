using System.Text.Json;
using Caur.Pipelines.Forges;

namespace Caur.Pipelines.Webhooks;

/// <summary>
/// Reads what forges send when somebody pushes. Nothing of a body is looked at before its sender has shown that it knows the secret, and nothing
/// in it can do more than name a branch and commits.
/// </summary>
/// <param name="time">For signatures with a time.</param>
internal sealed class WebhookReader(TimeProvider time)
{
    /// <summary>The greatest body, in bytes; GitHub's own limit is 25 MB, and a push of 2,048 commits has about 2.</summary>
    public const int LargestBody = 8 << 20;

    private const int DeepestBody = 32;
    private const int LongestText = 1024;
    private const int MostAddresses = 8;

    /// <summary>Reads a delivery for one source repository.</summary>
    /// <param name="header">A header's value; null when it is not there.</param>
    /// <param name="body">The body as it came, which is what was signed.</param>
    /// <param name="secrets">Any of them is enough, so that one can be changed for another. None: everything is refused.</param>
    /// <param name="gitUrl">The source repository's address: a push to another is refused. Null takes all.</param>
    public WebhookAnswer Read(Func<string, string?> header, ReadOnlyMemory<byte> body, IReadOnlyList<string> secrets, string? gitUrl)
    {
        if (body.Length > LargestBody)
        {
            return WebhookAnswer.Refused(413, $"a delivery may have {LargestBody} bytes");
        }

        var known = secrets.Where(secret => secret.Length > 0).ToList();
        if (known.Count == 0)
        {
            return WebhookAnswer.Refused(403, "there is no secret for this repository, so nobody can show that he knows it");
        }

        return Verify(header, body.Span, known) is not { } sender
            ? WebhookAnswer.Refused(401, "the secret or the signature is missing or wrong, or too old")
            : Event(header, sender) ?? ReadBody(body, sender, gitUrl);
    }

    private WebhookSender? Verify(Func<string, string?> header, ReadOnlySpan<byte> body, List<string> secrets)
    {
        if (header("X-Gitlab-Event") is not null)
        {
            return header("X-Gitlab-Token") is { } token && WebhookSecret.IsToken(secrets, token) ? WebhookSender.GitLab : null;
        }

        if (header("X-Hub-Signature-256") is { } signature)
        {
            return !WebhookSecret.IsHubSignature(secrets, signature, body) ? null
                : header("X-GitHub-Event") is not null ? WebhookSender.GitHub
                : WebhookSender.Generic;
        }

        return header("webhook-id") is { Length: <= LongestText } id && header("webhook-timestamp") is { } timestamp && header("webhook-signature") is { } signatures
            && WebhookSecret.IsStandardSignature(secrets, id, timestamp, signatures, body, time.GetUtcNow()) ? WebhookSender.Generic : null;
    }

    /// <summary>Null for a push.</summary>
    private static WebhookAnswer? Event(Func<string, string?> header, WebhookSender sender) => sender switch
    {
        // A system hook tells what it is about in its body.
        WebhookSender.GitLab => header("X-Gitlab-Event") is "Push Hook" or "System Hook" ? null : WebhookAnswer.Ignored("only pushes are of interest"),
        WebhookSender.GitHub => header("X-GitHub-Event") switch
        {
            "push" => null,
            "ping" => WebhookAnswer.Ignored("well received"),
            _ => WebhookAnswer.Ignored("only pushes are of interest"),
        },
        _ => null,
    };

    private static WebhookAnswer ReadBody(ReadOnlyMemory<byte> body, WebhookSender sender, string? gitUrl)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = DeepestBody });
            return ReadPush(document.RootElement, sender, gitUrl);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The latter is for text that is no Unicode.
            return WebhookAnswer.Refused(400, "the body is no JSON, or nested too deeply; a webhook has to be set to application/json");
        }
    }

    private static WebhookAnswer ReadPush(JsonElement root, WebhookSender sender, string? gitUrl)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return WebhookAnswer.Refused(400, "the body is no JSON object");
        }

        if (sender == WebhookSender.GitLab && (root.Text("object_kind") ?? root.Text("event_name")) is var kind and not "push")
        {
            return kind is null ? WebhookAnswer.Refused(400, "the body says nothing of its kind") : WebhookAnswer.Ignored("only pushes to branches are of interest");
        }

        if (Bounded(root.Text("ref")) is not { } name || name.Any(char.IsControl))
        {
            return WebhookAnswer.Refused(400, "the body names no branch");
        }

        if (!name.StartsWith("refs/heads/", StringComparison.Ordinal) || name.Length == "refs/heads/".Length)
        {
            return WebhookAnswer.Ignored("only pushes to branches are of interest");
        }

        if (Commit(root.Text("after")) is not { } after)
        {
            return WebhookAnswer.Refused(400, "the body names no commit that the branch stands at");
        }

        var addresses = Addresses(root, sender);
        if (addresses.Count == 0)
        {
            return WebhookAnswer.Refused(400, "the body names no repository");
        }

        if (gitUrl is not null && !addresses.Exists(address => ForgePage.IsSame(address, gitUrl)))
        {
            return WebhookAnswer.Refused(422, "the push is to another repository than this address is for");
        }

        if (after.All(digit => digit == '0'))
        {
            return WebhookAnswer.Ignored("the branch is gone");
        }

        var before = Commit(root.Text("before"));
        return WebhookAnswer.Of(new PushEvent
        {
            Sender = sender,
            Addresses = addresses,
            Branch = name["refs/heads/".Length..],
            Before = before is null || before.All(digit => digit == '0') ? null : before,
            After = after,
            Message = MessageOf(root, after),
        });
    }

    private static List<string> Addresses(JsonElement root, WebhookSender sender)
    {
        var found = new List<string?>();
        foreach (var (member, names) in (ReadOnlySpan<(string, string[])>)
            [("project", ["git_http_url", "git_ssh_url", "web_url", "http_url", "ssh_url"]), ("repository", ["clone_url", "ssh_url", "html_url", "git_url", "git_http_url", "git_ssh_url", "homepage", "url"])])
        {
            if (root.Member(member) is { } element)
            {
                found.AddRange(names.Select(name => element.Text(name)));
            }
        }

        if (sender == WebhookSender.Generic)
        {
            found.Add(root.Text("repository"));
        }

        return [.. found.Select(Bounded).OfType<string>().Where(address => address.Length > 0 && !address.Any(char.IsControl)).Distinct().Take(MostAddresses)];
    }

    /// <summary>Of the newest commit, wherever the sender has it.</summary>
    private static string? MessageOf(JsonElement root, string after)
    {
        if (root.Member("head_commit")?.Text("message") is { } head)
        {
            return head;
        }

        if (root.Member("commits") is { ValueKind: JsonValueKind.Array } commits)
        {
            foreach (var commit in commits.EnumerateArray())
            {
                if (Commit(commit.Text("id")) == after)
                {
                    return commit.Text("message");
                }
            }
        }

        return root.Text("message");
    }

    private static string? Bounded(string? text) => text is { Length: <= LongestText } ? text : null;

    private static string? Commit(string? text) =>
        text is { Length: 40 or 64 } && text.All(char.IsAsciiHexDigit) ? text.ToLowerInvariant() : null;
}
