using System.Text;
using Caur.Storage.Processes;

namespace Caur.Grains.Sources;

/// <summary>A bare clone, read with the <c>git</c> command. It runs no hooks, asks for no password, and reads repositories of any
/// owner: what is in them is data here.</summary>
internal sealed class GitRepository(string folder, ProcessRunner processes)
{
    private const int LargestAnswer = 512 << 20;

    private static readonly Dictionary<string, string?> Environment = new()
    {
        ["GIT_TERMINAL_PROMPT"] = "0",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh",
        ["LC_ALL"] = "C",

        // Of a hook that started this process: they would lead git elsewhere.
        ["GIT_DIR"] = null,
        ["GIT_WORK_TREE"] = null,
        ["GIT_INDEX_FILE"] = null,
        ["GIT_OBJECT_DIRECTORY"] = null,
    };

    /// <summary>Makes the clone if there is none.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);

        // What a killed git left behind would stop the next one; nobody else works here.
        foreach (var stale in Directory.EnumerateFiles(folder, "*.lock", SearchOption.AllDirectories))
        {
            File.Delete(stale);
        }

        await File.WriteAllTextAsync(Safe, "[safe]\n\tdirectory = *\n", cancellationToken);
        if (File.Exists(Path.Combine(folder, "HEAD")) && (await RunAsync(["rev-parse", "--git-dir"], cancellationToken)).Succeeded)
        {
            return;
        }

        await RequireAsync(["init", "--quiet", "--bare", "."], cancellationToken);
    }

    /// <summary>Tidies the clone when there is much that is loose.</summary>
    public Task TidyAsync(CancellationToken cancellationToken) => RunAsync(["gc", "--auto", "--quiet"], cancellationToken);

    /// <summary>Runs a git command in the clone.</summary>
    public Task<ProcessResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken, ReadOnlyMemory<byte> input = default) =>
        processes.RunAsync(
            new ProcessRequest
            {
                FileName = "git",
                Arguments = arguments,
                WorkingFolder = folder,
                Environment = new Dictionary<string, string?>(Environment) { ["GIT_CONFIG_GLOBAL"] = Safe },
                Input = input,
                MaxOutput = LargestAnswer,
                Timeout = TimeSpan.FromMinutes(9),
            },
            cancellationToken);

    /// <summary>Runs a git command that must succeed.</summary>
    public async Task<ProcessResult> RequireAsync(
        IReadOnlyList<string> arguments, CancellationToken cancellationToken, ReadOnlyMemory<byte> input = default)
    {
        var result = await RunAsync(arguments, cancellationToken, input);
        return result.Succeeded
            ? result
            : throw new SourceUnavailableException($"git {arguments[0]} failed: {Words(result)}");
    }

    /// <summary>The contents of blobs, in the order asked for.</summary>
    public async Task<IReadOnlyList<string>> ReadBlobsAsync(IReadOnlyList<string> blobs, CancellationToken cancellationToken)
    {
        var result = await RequireAsync(
            ["cat-file", "--batch"], cancellationToken, Encoding.ASCII.GetBytes(string.Concat(blobs.Select(blob => blob + "\n"))));
        var texts = new List<string>(blobs.Count);
        var rest = result.Output;
        foreach (var blob in blobs)
        {
            // <oid> SP <type> SP <size> LF <contents> LF
            var line = rest.Span.IndexOf((byte)'\n');
            var header = line < 0 ? [] : Encoding.ASCII.GetString(rest.Span[..line]).Split(' ');
            if (header is not [_, "blob", var size] || !int.TryParse(size, out var length))
            {
                throw new SourceUnavailableException($"git cat-file does not know {blob}: {folder} is damaged; remove it");
            }

            texts.Add(Encoding.UTF8.GetString(rest.Span.Slice(line + 1, length)));
            rest = rest[(line + 1 + length + 1)..];
        }

        return texts;
    }

    /// <summary>What git said, in one line.</summary>
    public static string Words(ProcessResult result) =>
        result.TimedOut ? "it took too long"
        : result.Error.Trim() is { Length: > 0 } error ? error.Replace("\n", "; ", StringComparison.Ordinal)
        : $"exit code {result.ExitCode}";

    private string Safe => Path.Combine(folder, "caur.gitconfig");
}
