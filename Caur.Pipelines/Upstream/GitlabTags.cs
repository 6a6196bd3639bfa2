using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Pipelines.Polite;

namespace Caur.Pipelines.Upstream;

/// <summary>The newest tag of a GitLab project.</summary>
/// <param name="Name">The tag, which becomes the pkgver.</param>
/// <param name="Commit">Its commit.</param>
/// <param name="Project">The project's last part of the path, as archives are called.</param>
/// <param name="Archives">Where the project's archives are: <c>https://HOST/GROUP/PROJECT/-/archive</c>.</param>
internal sealed record GitlabTag(string Name, string Commit, string Project, string Archives);

/// <summary>Asks a GitLab for tags (API v4, "List project repository tags").</summary>
/// <param name="client">Asks.</param>
/// <param name="gitlab">The GitLab of <c>gitlab:ID</c>: <c>https://gitlab.com/</c>.</param>
internal sealed class GitlabTags(PoliteClient client, Uri gitlab)
{
    public async Task<Answer<GitlabTag>> NewestAsync(string project, CancellationToken cancellationToken)
    {
        var uri = new Uri(gitlab, $"api/v4/projects/{Uri.EscapeDataString(project)}/repository/tags?order_by=version&per_page=1");
        var answer = await client.GetAsync(uri, null, ReadAsync, cancellationToken);
        if (!answer.IsGiven)
        {
            return Answer<GitlabTag>.Refused(answer.Problem);
        }

        if (answer.Value.Value is not [{ Name: { Length: > 0 } name, Commit: { } commit }, ..])
        {
            return Answer<GitlabTag>.Refused($"project {project} of {gitlab.IdnHost} has no tag");
        }

        // A tag is somebody else's text and becomes a line of a shell script.
        if (!PkgbuildText.IsPkgver(name))
        {
            return Answer<GitlabTag>.Refused($"the newest tag of project {project}, '{Shown.Short(name, 80)}', cannot be a pkgver");
        }

        const string Mark = "/-/commit/";
        var web = commit.WebUrl ?? "";
        var at = web.LastIndexOf(Mark, StringComparison.Ordinal);
        var path = at < 0 ? "" : web[..at];
        var hash = at < 0 ? "" : web[(at + Mark.Length)..];
        return at > 0 && GitUpstream.IsObjectId(hash) && Uri.TryCreate(path, UriKind.Absolute, out var page) && page.Scheme is "https" or "http"
                && PkgbuildText.IsPlainUrl(path)
            ? Answer<GitlabTag>.Of(new GitlabTag(name, hash, path[(path.LastIndexOf('/') + 1)..], $"{path}/-/archive"))
            : Answer<GitlabTag>.Refused($"the newest tag of project {project} has no commit whose address could be used");
    }

    private static async Task<IReadOnlyList<GitlabTagRecord>> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(body, GitlabJson.Default.IReadOnlyListGitlabTagRecord, cancellationToken) ?? [];
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"the list of tags cannot be read: {error.Message}", error);
        }
    }
}

/// <summary>A tag as GitLab writes it.</summary>
internal sealed record GitlabTagRecord
{
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    [JsonPropertyName("commit")]
    public GitlabCommitRecord? Commit { get; init; }
}

/// <summary>The commit of a tag.</summary>
internal sealed record GitlabCommitRecord
{
    [JsonPropertyName("web_url")]
    public string? WebUrl { get; init; }
}

[JsonSerializable(typeof(IReadOnlyList<GitlabTagRecord>))]
internal sealed partial class GitlabJson : JsonSerializerContext;
