using System.Globalization;
using System.Text.Json;
using Caur.Benchmarks.Rows;
using Caur.Benchmarks.Running;
using Caur.Storage.Processes;

namespace Caur.Benchmarks.Peers;

/// <summary>BullMQ on Redis, driven by a script of ours: the queue that today's system is built upon. Nothing of it is ours to ship: it
/// comes from npm's registry into a temporary folder when it is measured.</summary>
internal static class BullMq
{
    private static readonly string Folder = Path.Combine(Path.GetTempPath(), $"caur-bench-bullmq-{Environment.UserName}");
    private static readonly ProcessRunner Processes = new(TimeProvider.System);

    /// <summary>Installs it, and adds its lines beside ours.</summary>
    /// <returns>Measures each of them once. Called beside ours in each repetition, it meets the same load of the machine.</returns>
    public static async Task<Func<Task>> PrepareAsync(
        BenchRun run, GeneratedPackages packages, int workers, IReadOnlyList<(int Slots, Line Line)> ways, CancellationToken cancellationToken)
    {
        if (await InstallAsync(run, cancellationToken) is { } whyNot)
        {
            run.CannotMeasure("BullMQ on Redis", whyNot);
            return static () => Task.CompletedTask;
        }

        var jobs = Path.Combine(run.NewFolder(), "jobs.json");
        await File.WriteAllTextAsync(
            jobs,
            JsonSerializer.Serialize(packages.Folders.Select(static folder => new { name = folder.Pkgbase, after = folder.After })),
            cancellationToken);
        var lines = new List<(string Sync, string Mode, int Slots, Line Line)>();
        foreach (var (sync, syncWords) in new[] { ("always", "each write synced"), ("everysec", "synced every second") })
        {
            foreach (var (mode, modeWords) in new[] { ("ordered", "in the deptree's order"), ("plain", "without any order") })
            {
                foreach (var (slots, ours) in ways)
                {
                    var line = run.Add($"BullMQ, {syncWords}, {modeWords}, {slots} at a time", "builds/s", LineKind.Peer);
                    run.Compare(ours, line);
                    lines.Add((sync, mode, slots, line));
                }
            }
        }

        return async () =>
        {
            foreach (var (sync, mode, slots, line) in lines)
            {
                await using var redis = await RedisServer.StartAsync(run.NewFolder(), sync, cancellationToken);
                var cpu = CpuTime.Now(redis.Id);
                var (seconds, violations) = await DriveAsync(redis, mode, workers, slots, jobs, cancellationToken);
                BenchRun.Check(mode == "plain" || violations == 0, $"the script drove BullMQ out of order {violations} times");
                run.Take(line, packages.Folders.Count / seconds, CpuTime.Now(redis.Id) - cpu);
            }
        };
    }

    private static async Task<(double Seconds, int Violations)> DriveAsync(
        RedisServer redis, string mode, int workers, int slots, string jobs, CancellationToken cancellationToken)
    {
        var done = await Processes.RunAsync(
            new ProcessRequest
            {
                FileName = "node",
                Arguments =
                [
                    Path.Combine(Folder, "bullmq.mjs"), redis.Socket, mode, workers.ToString(CultureInfo.InvariantCulture),
                    slots.ToString(CultureInfo.InvariantCulture), jobs,
                ],
            },
            cancellationToken);
        BenchRun.Check(done.Succeeded, $"the script that drives BullMQ ended with {done.ExitCode}: {done.Error}");
        var result = JsonSerializer.Deserialize<JsonElement>(done.Output.Span);
        return (result.GetProperty("seconds").GetDouble(), result.GetProperty("violations").GetInt32());
    }

    /// <summary>Sees to Redis, node and BullMQ.</summary>
    /// <returns>Why it cannot be measured; null when it can.</returns>
    private static async Task<string?> InstallAsync(BenchRun run, CancellationToken cancellationToken)
    {
        foreach (var program in (string[])["redis-server", "node", "npm"])
        {
            if (!IsInstalled(program))
            {
                return $"{program} is not installed";
            }
        }

        Directory.CreateDirectory(Folder);
        await using (var script = typeof(BullMq).Assembly.GetManifestResourceStream("Caur.Benchmarks.Peers.bullmq.mjs")!)
        await using (var file = File.Create(Path.Combine(Folder, "bullmq.mjs")))
        {
            await script.CopyToAsync(file, cancellationToken);
        }

        if (!File.Exists(Path.Combine(Folder, "node_modules", "bullmq", "package.json")))
        {
            run.Progress("fetching BullMQ from npm's registry");
            await File.WriteAllTextAsync(Path.Combine(Folder, "package.json"), """{"private":true}""", cancellationToken);
            var fetched = await Processes.RunAsync(
                new ProcessRequest
                {
                    FileName = "npm",
                    Arguments = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "bullmq", "ioredis"],
                    WorkingFolder = Folder,
                },
                cancellationToken);
            if (!fetched.Succeeded)
            {
                return $"npm cannot fetch it: {fetched.Error.Trim().Split('\n')[^1]}";
            }
        }

        run.Note($"BullMQ {Version("bullmq")} with ioredis {Version("ioredis")}, workers in one node process; Redis with an append-only file on the same disk.");
        run.Note("The deptree's order in BullMQ: what waits is delayed, and promoted by our script when the last before it is completed. It publishes nothing.");
        return null;
    }

    private static string Version(string module) => JsonDocument.Parse(
        File.ReadAllText(Path.Combine(Folder, "node_modules", module, "package.json"))).RootElement.GetProperty("version").GetString()!;

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
