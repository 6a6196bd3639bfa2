using System.Diagnostics;
using System.Globalization;
using Caur.Silo.Demo;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Mirrors;

/// <summary>A real nginx in the foreground, on a port of its own.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private const int Tries = 5;

    private readonly TemporaryFolder _folder = new();
    private readonly Process _process;

    private Nginx(Process process, TemporaryFolder folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    /// <summary>Starts it with what stands in its <c>http</c> block: a <c>server</c> that listens on port 80, and what else there is.</summary>
    public static async Task<Nginx> StartAsync(string server)
    {
        Requirement.Program("nginx");
        for (var tries = 1; ; tries++)
        {
            var folder = new TemporaryFolder();
            var port = FreePort.Find();
            var configuration = folder["nginx.conf"];

            // What the files of deploy/nginx include.
            Directory.CreateSymbolicLink(folder["snippets"], Path.Combine(SourceTree.Root, "deploy", "nginx", "snippets"));
            await File.WriteAllTextAsync(configuration, $$"""
                {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
                daemon off;
                worker_processes 1;
                pid {{folder["pid"]}};
                error_log {{folder["error.log"]}};
                events {}
                http {
                    access_log off;
                    client_body_temp_path {{folder["body"]}};
                    proxy_temp_path {{folder["proxy"]}};
                    fastcgi_temp_path {{folder["fastcgi"]}};
                    uwsgi_temp_path {{folder["uwsgi"]}};
                    scgi_temp_path {{folder["scgi"]}};
                    {{server.With("listen 80;", string.Create(CultureInfo.InvariantCulture, $"listen 127.0.0.1:{port};"))}}
                }
                """);
            var process = Process.Start(new ProcessStartInfo("nginx", ["-p", folder.Path, "-c", configuration, "-e", folder["error.log"]]))!;
            var nginx = new Nginx(process, folder, port);
            if (await nginx.AnswersAsync())
            {
                return nginx;
            }

            var log = File.Exists(folder["error.log"]) ? await File.ReadAllTextAsync(folder["error.log"]) : "";
            await nginx.DisposeAsync();
            // Somebody may have taken the port meanwhile.
            tries.ShouldBeLessThan(Tries, log);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Its workers end with it.
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        // Where it sends people may be nowhere.
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var limit = Stopwatch.StartNew();
        while (!_process.HasExited && limit.Elapsed < TestTimeouts.Longest)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{Port}/"));
                return true;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
            }
        }

        return false;
    }
}
