using System.Text.Json;
using System.Text.Json.Nodes;
using Caur.Pipelines.Forges;
using Caur.Tests.Notifications;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Pipelines.Forges;

/// <summary>A local stand-in of a forge's API for requests: it keeps them, gives them page by page, and takes one token.</summary>
internal sealed class ForgeServer : IAsyncDisposable
{
    public const string Token = "glpat-secret-token";

    private const int PageSize = 2;

    private readonly RecordingServer _server;
    private readonly ForgeKind _kind;
    private readonly Lock _gate = new();
    private readonly List<JsonObject> _requests = [];

    private ForgeServer(RecordingServer server, ForgeKind kind, string path)
    {
        (_server, _kind) = (server, kind);
        Project = new ForgeProject(kind, $"{server.Address}{(kind == ForgeKind.GitLab ? "/api/v4" : "")}", path);
        server.Answer = AnswerAsync;
    }

    public ForgeProject Project { get; }

    public RecordingServer Server => _server;

    /// <summary>What is said before anything else: an answer for a request, or false.</summary>
    public Func<RecordedRequest, HttpContext, Task<bool>>? First { get; set; }

    public IReadOnlyList<JsonObject> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _requests];
            }
        }
    }

    public static async Task<ForgeServer> StartAsync(ForgeKind kind, string? path = null) =>
        new(await RecordingServer.StartAsync(), kind, path ?? (kind == ForgeKind.GitLab ? "group/sub.group/pkgbuilds" : "me/pkgbuilds"));

    public IForge Client(ForgeOptions? options = null, string token = Token, TimeProvider? time = null) =>
        Forge.Of(Project, token, ForgeHttp.NewClient(), time ?? TimeProvider.System, options ?? new ForgeOptions { FirstPause = TimeSpan.FromMilliseconds(1) });

    /// <summary>A request as the forge has it.</summary>
    public JsonObject Add(string branch, string state = "open", string title = "t", string body = "b", string sha = "", bool isFork = false)
    {
        lock (_gate)
        {
            var number = _requests.Count + 1;
            var request = _kind == ForgeKind.GitLab
                ? new JsonObject
                {
                    ["iid"] = number,
                    ["state"] = state == "open" ? "opened" : state,
                    ["source_branch"] = branch,
                    ["target_branch"] = "main",
                    ["title"] = title,
                    ["description"] = body,
                    ["sha"] = sha,
                    ["source_project_id"] = isFork ? 8 : 7,
                    ["target_project_id"] = 7,
                    ["web_url"] = $"https://forge.example/-/merge_requests/{number}",
                }
                : new JsonObject
                {
                    ["number"] = number,
                    ["state"] = state == "open" ? "open" : "closed",
                    ["merged_at"] = state == "merged" ? "2030-01-01T00:00:00Z" : null,
                    ["title"] = title,
                    ["body"] = body,
                    ["head"] = new JsonObject { ["ref"] = branch, ["sha"] = sha, ["repo"] = new JsonObject { ["id"] = isFork ? 8 : 7 } },
                    ["base"] = new JsonObject { ["ref"] = "main", ["repo"] = new JsonObject { ["id"] = 7 } },
                    ["html_url"] = $"https://forge.example/pull/{number}",
                };
            _requests.Add(request);
            return request;
        }
    }

    public string StateOf(int number) => All[number - 1]["state"]!.GetValue<string>();

    public string BodyOf(int number) => All[number - 1][_kind == ForgeKind.GitLab ? "description" : "body"]!.GetValue<string>();

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private async Task AnswerAsync(RecordedRequest request, HttpContext context)
    {
        if (First is { } first && await first(request, context))
        {
            return;
        }

        var given = _kind == ForgeKind.GitLab ? request.Headers.GetValueOrDefault("PRIVATE-TOKEN") : request.Headers.GetValueOrDefault("Authorization")?.Replace("Bearer ", "", StringComparison.Ordinal);
        if (given != Token)
        {
            await JsonAsync(context, 401, new JsonObject { ["message"] = $"401 Unauthorized {given}" });
            return;
        }

        var root = _kind == ForgeKind.GitLab ? $"/api/v4/projects/{Uri.EscapeDataString(Project.Path)}/merge_requests" : $"/repos/{Project.Path}/pulls";
        var path = request.Target.Split('?')[0];
        if (path.StartsWith($"/repos/{Project.Path}/issues/", StringComparison.Ordinal) || path.EndsWith("/notes", StringComparison.Ordinal))
        {
            await JsonAsync(context, 201, new JsonObject());
        }
        else if (path == root && request.Method == "GET")
        {
            await ListAsync(context);
        }
        else if (path == root && request.Method == "POST")
        {
            await CreateAsync(request, context);
        }
        else if (path.StartsWith($"{root}/", StringComparison.Ordinal) && int.TryParse(path[(root.Length + 1)..], out var number) && number <= All.Count
            && request.Method == (_kind == ForgeKind.GitLab ? "PUT" : "PATCH"))
        {
            Change(All[number - 1], request.Json);
            await JsonAsync(context, 200, All[number - 1]);
        }
        else
        {
            await JsonAsync(context, 404, new JsonObject { ["message"] = "404 Not Found" });
        }
    }

    private async Task ListAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var branch = _kind == ForgeKind.GitLab ? query["source_branch"].ToString() : query["head"].ToString();
        var owned = $"{Project.Path.Split('/')[0]}:";
        branch = branch.StartsWith(owned, StringComparison.Ordinal) ? branch[owned.Length..] : branch;
        var all = query["state"] == "all";
        var found = All.Where(request => (all || request["state"]!.GetValue<string>() is "open" or "opened") && (branch.Length == 0 || BranchOf(request) == branch)).Reverse().ToList();
        var page = int.TryParse(query["page"], out var given) ? given : 1;
        if (found.Count > page * PageSize)
        {
            var next = $"{_server.Address}{context.Request.Path}?{string.Join('&', query.Where(part => part.Key != "page").Select(part => $"{part.Key}={Uri.EscapeDataString(part.Value.ToString())}"))}&page={page + 1}";
            context.Response.Headers.Link = $"<{_server.Address}/first>; rel=\"first\", <{next}>; rel=\"next\"";
        }

        await JsonAsync(context, 200, new JsonArray([.. found.Skip((page - 1) * PageSize).Take(PageSize).Select(request => request.DeepClone())]));
    }

    private Task CreateAsync(RecordedRequest request, HttpContext context)
    {
        var branch = request.Text(_kind == ForgeKind.GitLab ? "source_branch" : "head");
        if (All.Any(known => BranchOf(known) == branch && known["state"]!.GetValue<string>() is "open" or "opened" && !IsFork(known)))
        {
            return JsonAsync(context, _kind == ForgeKind.GitLab ? 409 : 422, new JsonObject { ["message"] = "already exists" });
        }

        var made = Add(branch, title: request.Text("title"), body: request.Text(_kind == ForgeKind.GitLab ? "description" : "body"));
        return JsonAsync(context, 201, made);
    }

    private void Change(JsonObject known, JsonElement change)
    {
        lock (_gate)
        {
            foreach (var member in change.EnumerateObject())
            {
                var (name, value) = member.Name == "state_event" ? ("state", "closed") : (member.Name, member.Value.GetString());
                known[name] = value;
            }
        }
    }

    private string BranchOf(JsonObject request) => _kind == ForgeKind.GitLab ? request["source_branch"]!.GetValue<string>() : request["head"]!["ref"]!.GetValue<string>();

    private bool IsFork(JsonObject request) => (_kind == ForgeKind.GitLab ? request["source_project_id"] : request["head"]!["repo"]!["id"])!.GetValue<int>() != 7;

    private static Task JsonAsync(HttpContext context, int status, JsonNode body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString());
    }
}
