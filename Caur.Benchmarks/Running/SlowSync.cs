using System.Diagnostics;
using System.Text.Json;

namespace Caur.Benchmarks.Running;

/// <summary>Measures once more on a disk that is slower: this program again under strace, which holds each fsync and fdatasync, of it and
/// of every program that it starts, for a millisecond after the kernel has done it.</summary>
internal static class SlowSync
{
    private const string Delay = "inject=fsync,fdatasync:delay_exit=1000";

    public static async Task RunAsync(BenchOptions options, BenchResult result, string folder, TextWriter progress, CancellationToken cancellationToken)
    {
        var rows = options.Rows.Where(static row => row.HasSyncs).ToList();
        if (rows.Count == 0)
        {
            return;
        }

        if (await WhyNotAsync(cancellationToken) is { } whyNot)
        {
            foreach (var row in result.Rows.Where(row => rows.Exists(one => one.Name == row.Name)))
            {
                row.NotMeasured.Add(new NotMeasured("1 ms more for each sync", whyNot));
            }

            return;
        }

        await progress.WriteLineAsync("==> Again with 1 ms added to each sync");
        var file = Path.Combine(folder, "slow.json");
        var start = Start("-o", "/dev/null", "-e", Delay, "--", Environment.ProcessPath!);
        foreach (var word in (string[])
        [
            .. Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? new[] { "exec", typeof(SlowSync).Assembly.Location } : [],
            "--syncs-are-slow", "--no-slow-syncs", "--folder", folder, "--json", file, "--repeat", $"{options.Repeat}",
            .. rows.SelectMany(static row => new[] { "--row", row.Name }),
            .. options.Quick ? new[] { "--quick" } : [],
            .. options.Peers ? Array.Empty<string>() : ["--no-peers"],
        ])
        {
            start.ArgumentList.Add(word);
        }

        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(cancellationToken);
        if (!File.Exists(file))
        {
            result.Rows[^1].Failure ??= $"the run with slow syncs ended with {process.ExitCode}";
            return;
        }

        var slow = JsonSerializer.Deserialize<BenchResult>(await File.ReadAllTextAsync(file, cancellationToken), BenchCommand.Json)!;
        result.Machine.SlowSyncMilliseconds = slow.Machine.SyncMilliseconds;
        foreach (var row in slow.Rows)
        {
            var whole = result.Rows.First(one => one.Name == row.Name);
            whole.Lines.AddRange(row.Lines);
            whole.Ratios.AddRange(row.Ratios);
            whole.Notes.AddRange(row.Notes.Except(whole.Notes));
            whole.NotMeasured.AddRange(row.NotMeasured.Except(whole.NotMeasured));
            whole.Failure ??= row.Failure;
        }
    }

    private static async Task<string?> WhyNotAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var process = Process.Start(Start("-o", "/dev/null", "-e", Delay, "--", "true"))!;
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? null : "strace may not trace a process here";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "strace is not installed";
        }
    }

    // Only the syncs stop at the tracer (seccomp): everything else runs at its own speed.
    private static ProcessStartInfo Start(params string[] arguments) =>
        new("strace", ["-f", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", .. arguments]);
}
