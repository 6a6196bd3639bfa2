using System.Collections.Immutable;
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Caur.Pipelines.Aur;
using Caur.Pipelines.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Caur.Benchmarks.Schedules;

/// <summary>An AUR, a database and git servers of which nothing changes. The git servers are a program before git in the path: it answers
/// <c>ls-remote</c> of web addresses itself, with a process as the real one but without a network.</summary>
internal sealed class StandIns : IAsyncDisposable
{
    /// <summary>The time of change of every package.</summary>
    public const long Time = 1_700_000_000;

    /// <summary>The newest commit of every repository.</summary>
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly WebApplication _app;
    private readonly string? _path = Environment.GetEnvironmentVariable("PATH");

    private StandIns(WebApplication app) => _app = app;

    public string DatabaseUrl => $"{_app.Urls.Single()}/all.db";

    public AurOptions Aur => new()
    {
        Metadata = new Uri($"{_app.Urls.Single()}/packages-meta-v1.json.gz"),
        Rpc = new Uri($"{_app.Urls.Single()}/rpc/v5/"),
    };

    /// <param name="folder">For the program.</param>
    /// <param name="packages">What the AUR has.</param>
    /// <param name="versions">What the database has: lines of <c>pkgbase:version</c>.</param>
    public static async Task<StandIns> StartAsync(string folder, IEnumerable<string> packages, byte[] versions)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var metadata = Gzip(Encoding.UTF8.GetBytes("[\n" + string.Join(",\n", packages.Select(name => JsonSerializer.Serialize(
            new Dictionary<string, object?> { ["Name"] = name, ["PackageBase"] = name, ["LastModified"] = Time, ["Maintainer"] = "somebody" }))) + "\n]"));
        var database = Gzip(await DatabaseAsync(Encoding.UTF8.GetString(versions)));
        app.Run(context => AnswerAsync(context, context.Request.Path.Value!.EndsWith(".db", StringComparison.Ordinal) ? database : metadata));
        await app.StartAsync();
        var stands = new StandIns(app);
        stands.PutGit(folder);
        return stands;
    }

    public async ValueTask DisposeAsync()
    {
        Environment.SetEnvironmentVariable("PATH", _path);
        await _app.DisposeAsync();
    }

    private static Task AnswerAsync(HttpContext context, byte[] body)
    {
        const string Tag = "\"1\"";
        context.Response.Headers.ETag = Tag;
        if (context.Request.Headers.IfNoneMatch == Tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        return context.Response.Body.WriteAsync(body).AsTask();
    }

    private void PutGit(string folder)
    {
        var real = (_path ?? "").Split(Path.PathSeparator).Select(one => Path.Combine(one, "git")).First(File.Exists);
        var program = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "bin")).FullName, "git");
        File.WriteAllText(
            program,
            $$"""
            #!/bin/sh
            case " $* " in
            *" ls-remote "*" https://"* | *" ls-remote "*" http://"* | *" ls-remote "*" git://"*)
              for last; do :; done
              printf '%s\t%s\n' {{Commit}} "$last" ;;
            *) exec {{real}} "$@" ;;
            esac

            """);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable("PATH", $"{Path.GetDirectoryName(program)}{Path.PathSeparator}{_path}");
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private static async Task<byte[]> DatabaseAsync(string versions)
    {
        using var bytes = new MemoryStream();
        await using (var tar = new TarWriter(bytes, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var line in versions.Split('\n', StringSplitOptions.RemoveEmptyEntries).DistinctBy(line => line.Split(':')[0]))
            {
                var (name, version) = (line[..line.IndexOf(':', StringComparison.Ordinal)], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..]);
                var desc = string.Create(
                    CultureInfo.InvariantCulture,
                    $"%FILENAME%\n{name}-{version}-x86_64.pkg.tar.zst\n\n%NAME%\n{name}\n\n%BASE%\n{name}\n\n%VERSION%\n{version}\n\n%CSIZE%\n1\n\n%ISIZE%\n1\n\n%SHA256SUM%\n{new string('0', 64)}\n\n%ARCH%\nx86_64\n\n");
                await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.Directory, $"{name}-{version}/"));
                await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, $"{name}-{version}/desc") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(desc)) });
            }
        }

        return bytes.ToArray();
    }
}

/// <summary>A farm of which nothing is wanted.</summary>
internal sealed class NoFarm : IFarm
{
    public Task<FarmNames> DescribeAsync(CancellationToken cancellationToken) => Task.FromResult(new FarmNames(["chaotic-aur"], [new FarmTargetName("chaotic-aur", ["x86_64"])]));

    public Task<ScheduleOutcome> ScheduleAsync(ScheduleOrder order, CancellationToken cancellationToken) =>
        Task.FromResult(new ScheduleOutcome(ImmutableDictionary<string, string>.Empty, ImmutableDictionary<string, string>.Empty, []));

    public Task<RemovalOutcome> KeepAsync(KeepOrder order, CancellationToken cancellationToken) =>
        Task.FromResult(new RemovalOutcome(ImmutableDictionary<string, ImmutableArray<string>>.Empty, null));
}
