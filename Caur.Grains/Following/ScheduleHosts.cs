using Caur.Contracts.Farm;
using Caur.Grains.Sources;
using Caur.Pipelines.Aur;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Sandbox;
using Caur.Pipelines.Schedules;
using Caur.Storage.Files;
using Caur.Storage.Processes;
using Microsoft.Extensions.Options;

namespace Caur.Grains.Following;

/// <summary>What packages are learnt with, by the farm's configuration.</summary>
internal sealed class ScheduleHosts(DataFolders folders, ProcessRunner processes, IOptions<FarmOptions> farm)
{
    public ScheduleHostOptions Of(string source) => new()
    {
        Folder = Path.Combine(folders.Sources, $"{source}.cache"),
        Aur = AurOptions.At(farm.Value.AurUrl),
        Sandbox = Sandbox(),
    };

    /// <summary>A source repository's clone, to push; null when nobody could push to its address.</summary>
    /// <param name="options">The repository.</param>
    /// <param name="clone">Its clone.</param>
    /// <param name="processes">Runs git.</param>
    /// <param name="problem">Why nobody could.</param>
    public static PushRepository? PushesOf(SourceRepositoryOptions options, KeptClone clone, ProcessRunner processes, out string? problem)
    {
        try
        {
            problem = null;
            var url = SourceClones.IsLocal(options.Url) && !options.Url.Contains("://", StringComparison.Ordinal) ? Path.GetFullPath(options.Url) : options.Url;
            return new(clone.Clone.Git.Folder, GitRemote.Of(url, options.Token), processes);
        }
        catch (FormatException wrong)
        {
            problem = $"the url of the source repository cannot be pushed to: {wrong.Message}";
            return null;
        }
    }

    /// <summary>The engine is the one that docker's or podman's own variables name.</summary>
    private ContainerSandbox? Sandbox()
    {
        if (farm.Value.ScriptsImage is not { } image)
        {
            return null;
        }

        var hasDocker = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "docker")));
        return new ContainerSandbox(processes, new SandboxOptions { Image = image, Command = hasDocker ? "docker" : "podman" });
    }
}
