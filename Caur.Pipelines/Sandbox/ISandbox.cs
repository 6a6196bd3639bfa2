using Caur.Pipelines.Polite;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Sandbox;

/// <summary>Something of a source repository to run: never on the machine itself.</summary>
internal sealed record SandboxJob
{
    /// <summary>What it is, for words: <c>update.sh</c>.</summary>
    public required string What { get; init; }

    /// <summary>The pkgbase, which the folder is called: a valid name.</summary>
    public required string PkgBase { get; init; }

    /// <summary>The package folder in which it runs.</summary>
    public required FileTree Files { get; init; }

    /// <summary>A bash script. It is the farm's own; names of a package reach it as variables alone.</summary>
    public required string Script { get; init; }

    /// <summary>Its variables, beside which it has none of this machine's.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>How long it may run. Default: 10 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>How it ended.</summary>
/// <param name="ExitCode">The script's exit code.</param>
/// <param name="Output">The start of what it wrote.</param>
/// <param name="Error">The end of what it wrote to its error output.</param>
/// <param name="Files">The folder as it left it.</param>
internal sealed record SandboxResult(int ExitCode, string Output, string Error, FileTree Files);

/// <summary>Runs what a source repository brings along in a container without secrets: network, a copy of the package folder, nothing else.</summary>
internal interface ISandbox
{
    /// <summary>Runs a job. Whatever goes wrong with the container is a refusal in words.</summary>
    Task<Answer<SandboxResult>> RunAsync(SandboxJob job, CancellationToken cancellationToken);
}
