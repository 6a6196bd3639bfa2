using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Caur.Tests.Support;

namespace Caur.Tests.Publication;

/// <summary>A power cut leaves what a kill leaves only if everything is on the disk before it can be seen. The system calls of a real
/// publication tell.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class DurabilityTests(KilledFarm farm) : IClassFixture<KilledFarm>
{
    private sealed record Call(string Name, string Path, string Target);

    [Fact]
    public async Task Publication_BeforeSomethingBecomesVisible_ItIsSynced()
    {
        using var folder = new Storage.Support.TemporaryFolder();
        var data = await farm.CopyAsync(folder["data"]);
        var calls = await TraceAsync(data, folder["trace"]);
        foreach (var target in farm.Jobs.Targets.Select(target => target.ToString()))
        {
            var repository = Path.Combine(data, "repos", target);
            var generations = Path.Combine(repository, ".gen");
            var current = Path.Combine(generations, "current");

            // The switch is the one rename that clients see.
            var visible = calls.FindIndex(call => call.Name == "rename" && call.Target == current);
            visible.ShouldBeGreaterThan(0, target);
            for (var index = 0; index < visible; index++)
            {
                var call = calls[index];
                if (call.Name != "rename" || !call.Target.StartsWith(repository, StringComparison.Ordinal) || IsHidden(call.Target))
                {
                    continue;
                }

                var parent = Path.GetDirectoryName(call.Target)!;
                calls.FindIndex(index, later => later.Name == "fsync" && later.Path == parent)
                    .ShouldBeInRange(index, visible, $"the folder of {call.Target} is synced before the switch");
                if (parent == generations)
                {
                    foreach (var name in new[] { "db.tar.gz", "db.tar.gz.sig", "files.tar.gz", "files.tar.gz.sig" }.Select(end => $"{Path.GetFileName(Path.GetDirectoryName(repository))}.{end}"))
                    {
                        SyncedBefore(index, Path.Combine(call.Path, name));
                    }

                    SyncedBefore(index, Path.Combine(call.Path, "generation.json"));
                    SyncedBefore(index, call.Path);
                }
                else if (call.Target.Contains(".pkg.tar", StringComparison.Ordinal))
                {
                    SyncedBefore(index, call.Path);
                }
            }

            // What was landed goes when nobody can need it any more.
            var durable = calls.FindIndex(visible, call => call.Name == "fsync" && call.Path == generations);
            var removed = calls.FindIndex(call => call.Name == "unlink" && call.Path.Contains($"/landing/{Path.GetDirectoryName(target)}%2F", StringComparison.Ordinal));
            durable.ShouldBeGreaterThan(visible);
            (removed < 0 || removed > durable).ShouldBeTrue($"landed files of {target} go after the switch is durable");
        }

        // The decision is durable before anything of it is done, and the record of the intent before that.
        var journal = calls.FindIndex(call => call.Name == "rename" && call.Target.EndsWith("publications/update.x86_64.json", StringComparison.Ordinal));
        SyncedBefore(journal, calls[journal].Path);
        calls.FindIndex(journal, call => call.Name == "fsync" && call.Path == Path.GetDirectoryName(calls[journal].Target))
            .ShouldBeLessThan(calls.FindIndex(call => call.Name == "rename" && call.Target.Contains("/update/x86_64/u-", StringComparison.Ordinal)));
        calls.Take(journal).ShouldContain(call => call.Name == "fsync" && call.Path.StartsWith(Path.Combine(data, "caur.db"), StringComparison.Ordinal));

        void SyncedBefore(int index, string path) =>
            calls.FindIndex(call => call.Name == "fsync" && call.Path == path).ShouldBeInRange(0, index, $"{path} is synced before it has its name");
    }

    private static bool IsHidden(string path) => Path.GetFileName(path).StartsWith(".caur-", StringComparison.Ordinal);

    private async Task<List<Call>> TraceAsync(string data, string trace)
    {
        var child = TestChild.Command(typeof(PublicationChild), PublicationChild.Arguments(farm.GpgHome, (data, KillPoints.None)));
        var start = new ProcessStartInfo(
            "strace",
            ["--follow-forks", "--seccomp-bpf", "--decode-fds=path", "--string-limit=4096", "--quiet=all", "--output", trace,
                "--trace=rename,renameat,renameat2,fsync,fdatasync,unlink,unlinkat", .. child])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            (await PublicationChild.SaysAsync(process, PublicationChild.Ready).Timeout(TimeSpan.FromMinutes(2), "the publications")).ShouldBeTrue();
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        return [.. (await File.ReadAllLinesAsync(trace, CancellationToken.None)).Select(Parse).OfType<Call>()];
    }

    /// <summary>A line like <c>123 rename("a", "b") = 0</c>, <c>123 fsync(7&lt;/a&gt;) = 0</c>; of a call that another thread
    /// interrupted, the line with its arguments.</summary>
    private static Call? Parse(string line) => (Renamed().Match(line), Synced().Match(line), Unlinked().Match(line)) switch
    {
        ({ Success: true } renamed, _, _) => new Call("rename", renamed.Groups[1].Value, renamed.Groups[2].Value),
        (_, { Success: true } synced, _) => new Call("fsync", synced.Groups[1].Value, ""),
        (_, _, { Success: true } unlinked) => new Call("unlink", unlinked.Groups[1].Value, ""),
        _ => null,
    };

    [GeneratedRegex("""rename(?:at2?)?\((?:AT_FDCWD(?:<[^>]*>)?, )?"([^"]*)", (?:AT_FDCWD(?:<[^>]*>)?, )?"([^"]*)"(?:.* = 0| <unfinished \.\.\.>)$""")]
    private static partial Regex Renamed();

    [GeneratedRegex("""f(?:data)?sync\(\d+<([^>]*)>""")]
    private static partial Regex Synced();

    [GeneratedRegex("""unlink(?:at)?\((?:AT_FDCWD(?:<[^>]*>)?, )?"([^"]*)"(?:.* = 0| <unfinished \.\.\.>)$""")]
    private static partial Regex Unlinked();
}
