using System.Text.RegularExpressions;
using Caur.Pipelines.Polite;
using Caur.Storage.Processes;

namespace Caur.Pipelines.Upstream;

/// <summary>
/// Runs git against other people's repositories: it asks for no password, reads no settings of this machine, runs no hooks, and uses only those
/// protocols that are allowed. A proxy goes by the environment, so that its password is in no command line.
/// </summary>
internal sealed partial class GitCommand(ProcessRunner processes, PoliteOptions options, GitUrlRules rules, HostProxy? proxy = null)
{
    private const int LargestAnswer = 256 << 20;

    /// <param name="folder">Where it runs.</param>
    /// <param name="url">The repository that it asks, for its proxy; null when it asks none.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="input">What it reads.</param>
    public Task<ProcessResult> RunAsync(
        string folder, string? url, IReadOnlyList<string> arguments, CancellationToken cancellationToken, ReadOnlyMemory<byte> input = default)
    {
        var environment = new Dictionary<string, string?>
        {
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_ASKPASS"] = "true",
            ["SSH_ASKPASS"] = null,
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_CONFIG_PARAMETERS"] = null,
            ["GIT_CONFIG_COUNT"] = null,
            ["GIT_ALLOW_PROTOCOL"] = rules.Protocols,
            ["GIT_PROTOCOL_FROM_USER"] = "0",
            ["GIT_TEMPLATE_DIR"] = "",
            ["GIT_LFS_SKIP_SMUDGE"] = "1",
            ["GIT_DIR"] = null,
            ["GIT_WORK_TREE"] = null,
            ["GIT_INDEX_FILE"] = null,
            ["GIT_OBJECT_DIRECTORY"] = null,
            ["LC_ALL"] = "C",

            // No credential helper and no .netrc of whoever runs this: strangers' hosts get nothing.
            ["HOME"] = "/nonexistent",
            ["XDG_CONFIG_HOME"] = "/nonexistent",
        };
        if (url is not null && proxy is not null && proxy.IsFor(GitUrlRules.HostOf(url)))
        {
            environment["http_proxy"] = proxy.Address;
            environment["https_proxy"] = proxy.Address;
            environment["ALL_PROXY"] = proxy.Address;
            environment["no_proxy"] = "";
            environment["NO_PROXY"] = "";
        }

        return processes.RunAsync(
            new ProcessRequest
            {
                FileName = "git",
                Arguments = arguments,
                WorkingFolder = folder,
                Environment = environment,
                Input = input,
                MaxOutput = LargestAnswer,
                Timeout = options.Timeout,
            },
            cancellationToken);
    }

    /// <summary>Whether a failure speaks of the host and not of the one repository: then others on it would fail as well.</summary>
    public static bool IsOfHost(ProcessResult result) => result.TimedOut || OfHost().IsMatch(result.Error);

    /// <summary>What git said, in one line that may be shown.</summary>
    public static string Words(ProcessResult result) =>
        result.TimedOut ? "it took too long"
        : result.OutputCut ? "it said too much"
        : result.Error.Trim() is { Length: > 0 } error ? Shown.Short(error)
        : $"git ended with exit code {result.ExitCode}";

    [GeneratedRegex(
        @"returned error: (429|5\d\d)|could not resolve host|failed to connect|unable to connect|connection (timed out|refused|reset)|timed out|early eof|rpc failed|ssl|unexpected disconnect",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OfHost();
}
