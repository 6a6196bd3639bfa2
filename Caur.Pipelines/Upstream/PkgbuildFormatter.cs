using Caur.Pipelines.Polite;
using Caur.Storage.Processes;

namespace Caur.Pipelines.Upstream;

/// <summary>Brings a PKGBUILD from elsewhere into the form that the source repository keeps, so that a change shows what has changed.</summary>
internal interface IPkgbuildFormatter
{
    /// <summary>The same script in the repository's form, or why there is none.</summary>
    Task<Answer<byte[]>> FormatAsync(ReadOnlyMemory<byte> pkgbuild, CancellationToken cancellationToken);
}

/// <summary>Leaves a PKGBUILD as it is: for repositories that were never formatted.</summary>
internal sealed class NoFormatter : IPkgbuildFormatter
{
    public Task<Answer<byte[]>> FormatAsync(ReadOnlyMemory<byte> pkgbuild, CancellationToken cancellationToken) =>
        Task.FromResult(Answer<byte[]>.Of(pkgbuild.ToArray()));
}

/// <summary>
/// Formats with <c>shfmt</c>, which reads a script and never runs it, by the <c>.editorconfig</c> of the source repository: what the templates do
/// with everything that they clone.
/// </summary>
/// <param name="processes">Runs it.</param>
/// <param name="editorConfig">The repository's <c>.editorconfig</c>; null when it has none.</param>
internal sealed class ShfmtFormatter(ProcessRunner processes, string? editorConfig) : IPkgbuildFormatter
{
    /// <summary>The program, if it is not to be found in the path.</summary>
    public string Program { get; init; } = "shfmt";

    public async Task<Answer<byte[]>> FormatAsync(ReadOnlyMemory<byte> pkgbuild, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("caur-format-").FullName;
        try
        {
            var file = Path.Combine(folder, "PKGBUILD");
            await File.WriteAllBytesAsync(file, pkgbuild, cancellationToken);

            // Without one of its own, shfmt would look for one in the folders above.
            await File.WriteAllTextAsync(Path.Combine(folder, ".editorconfig"), editorConfig ?? "root = true\n", cancellationToken);
            var result = await processes.RunAsync(
                new ProcessRequest { FileName = Program, Arguments = ["-w", "PKGBUILD"], WorkingFolder = folder, Timeout = TimeSpan.FromMinutes(1) },
                cancellationToken);
            return result.Succeeded
                ? Answer<byte[]>.Of(await File.ReadAllBytesAsync(file, cancellationToken))
                : Answer<byte[]>.Refused($"its PKGBUILD is no shell script: {Shown.Short(result.TimedOut ? "shfmt took too long" : result.Error)}");
        }
        catch (ProgramNotFoundException missing)
        {
            return Answer<byte[]>.Refused($"{missing.FileName} is not installed here, and this repository's PKGBUILDs are formatted with it");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
