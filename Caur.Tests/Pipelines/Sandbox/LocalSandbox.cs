using System.Text;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Sandbox;
using Caur.Pipelines.Upstream;
using Caur.Storage.Processes;
using Caur.Tests.Pacman;

namespace Caur.Tests.Pipelines.Sandbox;

/// <summary>Runs jobs in a folder of this machine: for tests, whose scripts are their own.</summary>
internal sealed class LocalSandbox : ISandbox
{
    /// <summary>Put before the path, so that a test can bring programs along.</summary>
    public string? Programs { get; init; }

    public List<SandboxJob> Jobs { get; } = [];

    public async Task<Answer<SandboxResult>> RunAsync(SandboxJob job, CancellationToken cancellationToken)
    {
        lock (Jobs)
        {
            Jobs.Add(job);
        }

        using var folder = new TempFolder();
        var root = folder.Folder(job.PkgBase);
        foreach (var (path, file) in job.Files.Files)
        {
            var full = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            await File.WriteAllBytesAsync(full, file.Bytes, cancellationToken);
        }

        var environment = job.Environment.ToDictionary(variable => variable.Key, variable => (string?)variable.Value);
        environment["PATH"] = $"{Programs ?? "/nonexistent"}:/usr/bin:/bin";
        var result = await new ProcessRunner(TimeProvider.System).RunAsync(
            new ProcessRequest { FileName = "bash", Arguments = ["-c", job.Script], WorkingFolder = root, Environment = environment }, cancellationToken);
        var files = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(path => new KeyValuePair<string, TreeFile>(
            Path.GetRelativePath(root, path), new TreeFile(TreeFileKind.Plain, File.ReadAllBytes(path))));
        return Answer<SandboxResult>.Of(new SandboxResult(result.ExitCode, Encoding.UTF8.GetString(result.Output.Span), result.Error, FileTree.Of(files)));
    }
}
