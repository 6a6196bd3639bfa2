using System.Diagnostics;
using Caur.Benchmarks.Running;
using Caur.Storage.Processes;

namespace Caur.Benchmarks.Comparing;

/// <summary>What the original's scripts chose.</summary>
/// <param name="Failure">What they said when they failed; null when they did not.</param>
/// <param name="Builds">What is built: the class, or an empty text, by the folder's name.</param>
/// <param name="Kept">The folders that stay in the repository; null when nothing is removed.</param>
internal sealed record OriginalChoice(string? Failure, IReadOnlyDictionary<string, string> Builds, IReadOnlySet<string>? Kept);

/// <summary>Runs the template's scripts in a checkout, as a CI job would.</summary>
internal sealed class OriginalScripts(CompareFolder folder)
{
    private const string Graph = "generate_deptree >.ci/deptree.txt";

    private static readonly ProcessRunner Processes = new(TimeProvider.System);

    /// <summary>Runs the script for commits. What makes the graph is left out: it takes 10 s and more each time, and is compared on its own.
    /// What pushes to the AUR is left out too.</summary>
    public async Task<OriginalChoice> OnCommitAsync(CancellationToken cancellationToken)
    {
        await PlaceAsync(graph: false, cancellationToken);
        var done = await BashAsync([".ci/on-commit.sh"], cancellationToken);
        BenchRun.Check(!done.TimedOut, "the original's on-commit.sh took too long");
        if (done.ExitCode != 0)
        {
            return new OriginalChoice(done.Error.Trim(), new Dictionary<string, string>(), null);
        }

        var parameters = Path.Combine(folder.Checkout, ".ci", "schedule-params.txt");
        if (!File.Exists(parameters))
        {
            return new OriginalChoice(null, new Dictionary<string, string>(), null);
        }

        var schedule = await ParametersAsync(parameters, "PARAMS_SCHEDULE", cancellationToken);
        var remove = await ParametersAsync(parameters, "PARAMS_AUTOREPOREMOVE", cancellationToken);
        return new OriginalChoice(
            null,
            schedule.Skip(1).Where(word => !word.StartsWith("--", StringComparison.Ordinal)).Select(word => word.Split('/', 2))
                .ToDictionary(parts => parts[0], parts => parts.Length > 1 ? parts[1] : "", StringComparer.Ordinal),
            remove.Count == 0 ? null : remove.Skip(1).Where(word => !word.StartsWith("--", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>Makes the graph.</summary>
    /// <returns>Its text, and how long that took.</returns>
    public async Task<(string Text, TimeSpan Time)> GraphAsync(string package, CancellationToken cancellationToken)
    {
        await PlaceAsync(graph: true, cancellationToken);
        var watch = Stopwatch.StartNew();
        var done = await BashAsync([".ci/schedule-packages.sh", "schedule", package], cancellationToken);
        BenchRun.Check(done.ExitCode == 0 && !done.TimedOut, $"the original's schedule-packages.sh failed: {done.Error}");
        return (await File.ReadAllTextAsync(Path.Combine(folder.Checkout, ".ci", "deptree.txt"), cancellationToken), watch.Elapsed);
    }

    /// <summary>Puts today's scripts where the commit has its own; its settings stay.</summary>
    private async Task PlaceAsync(bool graph, CancellationToken cancellationToken)
    {
        var target = Path.Combine(folder.Checkout, ".ci");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder.Scripts, ".ci"), "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(Path.Combine(folder.Scripts, ".ci"), file);
            if (name == "config")
            {
                continue;
            }

            var to = Path.Combine(target, name);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            var text = name == "manage-aur.sh" ? "#!/usr/bin/env bash\n" : await File.ReadAllTextAsync(file, cancellationToken);
            if (name == "schedule-packages.sh" && !graph)
            {
                BenchRun.Check(text.Contains(Graph, StringComparison.Ordinal), $"the template's schedule-packages.sh has no line '{Graph}' any more");
                text = text.Replace(Graph, ": >.ci/deptree.txt", StringComparison.Ordinal);
            }

            await File.WriteAllTextAsync(to, text, cancellationToken);
            File.SetUnixFileMode(to, File.GetUnixFileMode(file));
        }

        File.Delete(Path.Combine(target, "schedule-params.txt"));
    }

    private async Task<IReadOnlyList<string>> ParametersAsync(string file, string name, CancellationToken cancellationToken)
    {
        var done = await BashAsync(["-c", $"source \"$1\"; [[ -v {name} ]] && printf '%s\\0' \"${{{name}[@]}}\" || true", "bash", file], cancellationToken);
        BenchRun.Check(done.ExitCode == 0, $"{file} cannot be read: {done.Error}");
        return done.OutputText.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    private Task<ProcessResult> BashAsync(string[] arguments, CancellationToken cancellationToken)
    {
        // awk has to be gawk, whatever this machine calls so.
        var bin = Path.Combine(folder.Home, "bin");
        if (!Directory.Exists(bin))
        {
            Directory.CreateDirectory(bin);
            File.CreateSymbolicLink(Path.Combine(bin, "awk"), "/usr/bin/gawk");
        }

        return Processes.RunAsync(
            new ProcessRequest
            {
                FileName = "env",
                Arguments =
                [
                    "-i", $"HOME={folder.Home}", $"PATH={bin}:/usr/bin:/bin", "LANG=C.UTF-8", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory",
                    "GIT_CONFIG_VALUE_0=*", "GIT_TERMINAL_PROMPT=0", "bash", .. arguments,
                ],
                WorkingFolder = folder.Checkout,
                MaxOutput = 64 << 20,
                Timeout = TimeSpan.FromMinutes(30),
            },
            cancellationToken);
    }
}
