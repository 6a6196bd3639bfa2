using System.Text.Json;

namespace Caur.Pipelines.Forges;

/// <summary>Pull requests of a GitHub repository (https://docs.github.com/en/rest/pulls/pulls). The token needs to write contents and pull
/// requests.</summary>
internal sealed class GitHubForge : IForge
{
    private readonly ForgeHttp _http;
    private readonly string _repository;
    private readonly string _owner;

    public GitHubForge(ForgeProject project, string token, HttpClient http, TimeProvider time, ForgeOptions options)
    {
        Name = $"{project.Path} at {new Uri(project.Api).Authority}";
        _owner = project.Path.Split('/')[0];
        _http = new ForgeHttp(http, time, options, Name, token, [("Authorization", $"Bearer {token}"), ("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28")]);
        _repository = $"{project.Api}/repos/{string.Join('/', project.Path.Split('/').Select(Uri.EscapeDataString))}";
    }

    public string Name { get; }

    /// <summary>GitHub takes 65,536 characters.</summary>
    public int LongestBody => 65_000;

    public async Task<ForgeRequest?> FindAsync(string branch, CancellationToken cancellationToken)
    {
        var found = await _http.ListAsync(
            $"{_repository}/pulls?state=all&head={Uri.EscapeDataString($"{_owner}:{branch}")}&sort=created&direction=desc&per_page=100", cancellationToken);
        var own = found.Where(IsOwn).Select(Read).Where(request => request.Branch == branch).ToList();
        return own.Find(request => request.State == RequestState.Open) ?? own.FirstOrDefault();
    }

    public async Task<IReadOnlyList<ForgeRequest>> ListOpenAsync(CancellationToken cancellationToken) =>
        [.. (await _http.ListAsync($"{_repository}/pulls?state=open&per_page=100", cancellationToken)).Where(IsOwn).Select(Read)];

    public async Task<ForgeRequest> CreateAsync(RequestText text, CancellationToken cancellationToken)
    {
        var body = new Dictionary<string, object>
        {
            ["head"] = text.Branch,
            ["base"] = text.Target,
            ["title"] = text.Title,
            ["body"] = text.Body,
            ["maintainer_can_modify"] = true,
        };
        var request = await ForgeCreation.RunAsync(
            this, text, async () => Read(await _http.CallAsync(HttpMethod.Post, $"{_repository}/pulls", body, cancellationToken)), cancellationToken);
        await LabelAsync(request, text, cancellationToken);
        return request;
    }

    public async Task UpdateAsync(ForgeRequest request, RequestText text, CancellationToken cancellationToken) => await _http.CallAsync(
        HttpMethod.Patch,
        $"{_repository}/pulls/{request.Number}",
        new Dictionary<string, object> { ["title"] = text.Title, ["body"] = text.Body },
        cancellationToken);

    public async Task CloseAsync(ForgeRequest request, string comment, CancellationToken cancellationToken)
    {
        await _http.CallAsync(
            HttpMethod.Patch, $"{_repository}/pulls/{request.Number}", new Dictionary<string, object> { ["state"] = "closed" }, cancellationToken);
        await ForgeCreation.TryAsync(() => _http.CallAsync(
            HttpMethod.Post, $"{_repository}/issues/{request.Number}/comments", new Dictionary<string, object> { ["body"] = comment }, cancellationToken));
    }

    /// <summary>A token for pull requests alone may not label: the request is there all the same.</summary>
    private Task LabelAsync(ForgeRequest request, RequestText text, CancellationToken cancellationToken) => ForgeCreation.TryAsync(() => _http.CallAsync(
        HttpMethod.Post, $"{_repository}/issues/{request.Number}/labels", new Dictionary<string, object> { ["labels"] = text.Labels }, cancellationToken));

    /// <summary>A fork may have a branch of the same name.</summary>
    private static bool IsOwn(JsonElement request) =>
        request.Member("head")?.Member("repo")?.Number("id") is { } source && source == request.Member("base")?.Member("repo")?.Number("id");

    private static ForgeRequest Read(JsonElement request) => new()
    {
        Number = request.Number("number") ?? throw new ForgeException(ForgeProblem.Refused, "the answer names no pull request; is its address that of GitHub's API?"),
        State = request.Text("state") == "open" ? RequestState.Open : request.Text("merged_at") is not null ? RequestState.Merged : RequestState.Closed,
        Branch = request.Member("head")?.Text("ref") ?? "",
        Head = request.Member("head")?.Text("sha") ?? "",
        Title = request.Text("title") ?? "",
        Body = request.Text("body") ?? "",
        Page = request.Address("html_url"),
    };
}
