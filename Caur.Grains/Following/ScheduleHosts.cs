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

    /// <summary>A source repository's clone, to push.</summary>
    public static PushRepository PushesOf(SourceRepositoryOptions options, KeptClone clone, ProcessRunner processes) =>
        new(clone.Clone.Git.Folder, GitRemote.Of(options.Url, options.Token), processes);

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
