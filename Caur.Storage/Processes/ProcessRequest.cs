using System.Text;

namespace Caur.Storage.Processes;

/// <summary>A program to run to its end.</summary>
public sealed record ProcessRequest
{
    /// <summary>The program's path, or its name to be looked up in <c>PATH</c>.</summary>
    public required string FileName { get; init; }

    /// <summary>Its arguments as it gets them; no shell reads them.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Where it runs; null for this process's folder.</summary>
    public string? WorkingFolder { get; init; }

    /// <summary>Variables to set, or to unset by null, on top of this process's.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>What it reads; its input ends after it. Empty by default.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>How much of its output is kept, in bytes, from the start on; the rest is read and dropped. Default: 4 MiB.</summary>
    public int MaxOutput { get; init; } = 4 << 20;

    /// <summary>How much of its error output is kept, in bytes, up to the end, where programs say what went wrong. Default: 64 KiB.</summary>
    public int MaxError { get; init; } = 64 << 10;

    /// <summary>How long it may run before it is killed with all its children. Default: 5 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>How a program ended.</summary>
/// <param name="ExitCode">Its exit code; 128 + the signal when one ended it.</param>
/// <param name="Output">What it wrote, from the start on.</param>
/// <param name="OutputCut">True when it wrote more than was kept.</param>
/// <param name="Error">The end of what it wrote to its error output.</param>
/// <param name="TimedOut">True when it was killed because its time was over.</param>
public sealed record ProcessResult(int ExitCode, ReadOnlyMemory<byte> Output, bool OutputCut, string Error, bool TimedOut)
{
    /// <summary>True when it ended by itself with exit code 0 and nothing of its output is missing.</summary>
    public bool Succeeded => ExitCode == 0 && !TimedOut && !OutputCut;

    /// <summary>The output as UTF-8.</summary>
    public string OutputText => Encoding.UTF8.GetString(Output.Span);
}

/// <summary>A program is not installed, or may not be run.</summary>
/// <param name="fileName">The program.</param>
/// <param name="inner">What the system said.</param>
public sealed class ProgramNotFoundException(string fileName, Exception inner)
    : Exception($"cannot run '{fileName}': {inner.Message}", inner)
{
    /// <summary>The program as it was asked for.</summary>
    public string FileName { get; } = fileName;
}
