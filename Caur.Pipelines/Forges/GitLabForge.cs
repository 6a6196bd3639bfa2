using System.Text.Json;

namespace Caur.Pipelines.Forges;

/// <summary>Merge requests of a GitLab project (https://docs.gitlab.com/api/merge_requests/). The token needs scope <c>api</c>.</summary>
internal sealed class GitLabForge : IForge
{
    private readonly ForgeHttp _http;
    private readonly string _requests;

    public GitLabForge(ForgeProject project, string token, HttpClient http, TimeProvider time, ForgeOptions options)
    {
        Name = $"{project.Path} at {new Uri(project.Api).Authority}";
        _http = new ForgeHttp(http, time, options, Name, token, [("PRIVATE-TOKEN", token)]);
        _requests = $"{project.Api}/projects/{Uri.EscapeDataString(project.Path)}/merge_requests";
    }

    public string Name { get; }

    /// <summary>GitLab takes 1,048,576 characters; nobody reads a quarter of that.</summary>
    public int LongestBody => 256 << 10;

    public async Task<ForgeRequest?> FindAsync(string branch, CancellationToken cancellationToken)
    {
        var found = await _http.ListAsync(
            $"{_requests}?source_branch={Uri.EscapeDataString(branch)}&state=all&order_by=created_at&sort=desc&per_page=100", cancellationToken);
        var own = found.Where(IsOwn).Select(Read).Where(request => request.Branch == branch).ToList();
        return own.Find(request => request.State == RequestState.Open) ?? own.FirstOrDefault();
    }

    public async Task<IReadOnlyList<ForgeRequest>> ListOpenAsync(CancellationToken cancellationToken) =>
        [.. (await _http.ListAsync($"{_requests}?state=opened&per_page=100", cancellationToken)).Where(IsOwn).Select(Read)];

    public async Task<ForgeRequest> CreateAsync(RequestText text, CancellationToken cancellationToken)
    {
        var body = new Dictionary<string, object>
        {
            ["source_branch"] = text.Branch,
            ["target_branch"] = text.Target,
            ["title"] = text.Title,
            ["description"] = text.Body,
            ["labels"] = string.Join(',', text.Labels),
            ["remove_source_branch"] = true,
            ["allow_collaboration"] = true,
        };
        if (text.Assignee is { } assignee)
        {
            body["assignee_ids"] = new[] { assignee };
        }

        return await ForgeCreation.RunAsync(
            this, text, async () => Read(await _http.CallAsync(HttpMethod.Post, _requests, body, cancellationToken)), cancellationToken);
    }

    public async Task UpdateAsync(ForgeRequest request, RequestText text, CancellationToken cancellationToken) => await _http.CallAsync(
        HttpMethod.Put,
        $"{_requests}/{request.Number}",
        new Dictionary<string, object> { ["title"] = text.Title, ["description"] = text.Body, ["add_labels"] = string.Join(',', text.Labels) },
        cancellationToken);

    public async Task CloseAsync(ForgeRequest request, string comment, CancellationToken cancellationToken)
    {
        await _http.CallAsync(HttpMethod.Put, $"{_requests}/{request.Number}", new Dictionary<string, object> { ["state_event"] = "close" }, cancellationToken);
        await ForgeCreation.TryAsync(() =>
            _http.CallAsync(HttpMethod.Post, $"{_requests}/{request.Number}/notes", new Dictionary<string, object> { ["body"] = comment }, cancellationToken));
    }

    /// <summary>A fork may have a branch of the same name.</summary>
    private static bool IsOwn(JsonElement request) => request.Number("source_project_id") is { } source && source == request.Number("target_project_id");

    private static ForgeRequest Read(JsonElement request) => new()
    {
        Number = request.Number("iid") ?? throw new ForgeException(ForgeProblem.Refused, "the answer names no merge request; is its address that of GitLab's API?"),
        State = request.Text("state") switch { "opened" or "locked" => RequestState.Open, "merged" => RequestState.Merged, _ => RequestState.Closed },
        Branch = request.Text("source_branch") ?? "",
        Head = request.Text("sha") ?? "",
        Title = request.Text("title") ?? "",
        Body = request.Text("description") ?? "",
        Page = request.Address("web_url"),
    };
}
