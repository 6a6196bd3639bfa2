using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Caur.Storage.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Pipelines.Git;

/// <summary>Repositories of a folder over HTTP, by git's own CGI program, to whoever knows the password, or to everybody.</summary>
internal sealed class GitHttpServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ProcessRunner _processes = new(TimeProvider.System);
    private readonly string _root;
    private readonly string? _wanted;

    private GitHttpServer(string root, string user, string? password)
    {
        _root = root;
        _wanted = password is null ? null : $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public string Url => _app.Urls.Single();

    /// <summary>What was presented, in the order of the requests; empty for nothing.</summary>
    public ConcurrentQueue<string> Authorizations { get; } = [];

    public static async Task<GitHttpServer> StartAsync(string root, string user = "", string? password = null)
    {
        var server = new GitHttpServer(root, user, password);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var presented = context.Request.Headers.Authorization.ToString();
        Authorizations.Enqueue(presented);
        if (_wanted is not null && presented != _wanted)
        {
            context.Response.StatusCode = presented.Length == 0 ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"git\"";
            return;
        }

        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var result = await _processes.RunAsync(
            new ProcessRequest
            {
                FileName = "git",
                Arguments = ["http-backend"],
                Input = body.ToArray(),
                MaxOutput = 64 << 20,
                Environment = new Dictionary<string, string?>
                {
                    ["GIT_PROJECT_ROOT"] = _root,
                    ["GIT_HTTP_EXPORT_ALL"] = "1",
                    ["GIT_CONFIG_COUNT"] = "2",
                    ["GIT_CONFIG_KEY_0"] = "safe.directory",
                    ["GIT_CONFIG_VALUE_0"] = "*",
                    ["GIT_CONFIG_KEY_1"] = "http.receivepack",
                    ["GIT_CONFIG_VALUE_1"] = "true",
                    ["REQUEST_METHOD"] = context.Request.Method,
                    ["PATH_INFO"] = context.Request.Path.Value,
                    ["QUERY_STRING"] = context.Request.QueryString.Value?.TrimStart('?'),
                    ["CONTENT_TYPE"] = context.Request.ContentType,
                    ["CONTENT_LENGTH"] = body.Length.ToString(CultureInfo.InvariantCulture),
                    ["HTTP_CONTENT_ENCODING"] = context.Request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding ? encoding : null,
                    ["HTTP_GIT_PROTOCOL"] = context.Request.Headers["Git-Protocol"].ToString() is { Length: > 0 } protocol ? protocol : null,
                    ["REMOTE_USER"] = "somebody",
                    ["REMOTE_ADDR"] = "127.0.0.1",
                },
            },
            context.RequestAborted);
        var end = result.Output.Span.IndexOf("\r\n\r\n"u8);
        foreach (var line in Encoding.ASCII.GetString(result.Output.Span[..end]).Split("\r\n"))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (line.StartsWith("Status:", StringComparison.Ordinal))
            {
                context.Response.StatusCode = int.Parse(line.AsSpan(8, 3), CultureInfo.InvariantCulture);
            }
            else
            {
                context.Response.Headers[line[..colon]] = line[(colon + 1)..].Trim();
            }
        }

        await context.Response.Body.WriteAsync(result.Output[(end + 4)..], context.RequestAborted);
    }
}
