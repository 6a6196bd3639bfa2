using System.Diagnostics;

namespace Caur.Tests.Support;

/// <summary>What a process said and how it ended.</summary>
internal sealed record ProcessResult(int ExitCode, string Output, string Error)
{
    public override string ToString() => $"exit code {ExitCode}\n{Output}{Error}";
}

/// <summary>Runs programs to their end.</summary>
internal static class Processes
{
    public static bool OnPath(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => folder != "" && File.Exists(Path.Combine(folder, command)));

    /// <summary>Runs a program without a terminal and without input.</summary>
    /// <exception cref="TimeoutException">It had not ended within the limit (2 minutes unless told); it was killed.</exception>
    public static Task<ProcessResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        TimeSpan? limit = null,
        IReadOnlyDictionary<string, string>? environment = null,
        string? folder = null) => RunUntilAsync(program, arguments, limit, environment, folder, TestContext.Current.CancellationToken);

    /// <summary>The same for what puts something away: it is done also when the test has been called off.</summary>
    public static Task<ProcessResult> CleanUpAsync(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null) =>
        RunUntilAsync(program, arguments, null, environment, null, CancellationToken.None);

    private static async Task<ProcessResult> RunUntilAsync(
        string program, IEnumerable<string> arguments, TimeSpan? limit, IReadOnlyDictionary<string, string>? environment, string? folder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            return await EndAsync(process, cancellationToken).Timeout(limit ?? TimeSpan.FromMinutes(2), $"the end of {program} {string.Join(' ', start.ArgumentList)}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static async Task<ProcessResult> EndAsync(Process process, CancellationToken cancellationToken)
    {
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return new ProcessResult(process.ExitCode, await output, await error);
    }
}
