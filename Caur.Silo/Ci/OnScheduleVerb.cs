using System.CommandLine;
using Caur.Contracts.Builds;
using Caur.Pipelines.Forges;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Sandbox;
using Caur.Pipelines.Schedules;
using Caur.Silo.Cli;

namespace Caur.Silo.Ci;

/// <summary><c>caur ci on-schedule</c>.</summary>
internal static class OnScheduleVerb
{
    private const string Description =
        """
        Looks for what is new of every package, commits it or has it reviewed, and hands it over to the farm.

        The tag 'scheduled' has to be at the newest commit. Minor changes, and all when CI_HUMAN_REVIEW is not true, go to the branch in one
        commit that starts no CI; major ones wait in a branch and a request each. Commit, tag and state are pushed together or not at all; what
        is ordered is kept on the branch 'state' until the farm has it, so that a run that was ended is finished by the next one, once.

        With a trigger only the packages of that CI_ON_TRIGGER are scheduled, and nothing else is done.

        Exit codes: 0 done, or nothing to do; 1 refused or failed, or some packages could not be handled; 2 wrong usage; 3 no server;
        4 token refused; 130 interrupted.
        """;

    private static readonly Option<string?> Trigger = new("--trigger")
    {
        Description = "Schedule the packages of this CI_ON_TRIGGER, and do nothing else. Default: TRIGGER.",
        HelpName = "NAME",
    };

    private static readonly Option<string?> Aur = new("--aur")
    {
        Description = "The AUR, or a mirror with the same paths. Default: https://aur.archlinux.org.",
        HelpName = "URL",
    };

    private static readonly Option<string?> Scripts = new("--scripts-image")
    {
        Description = "Run update.sh and nvchecker in containers of this image, with docker or podman. Default: CAUR_SCRIPTS_IMAGE; without it packages that need it are skipped, and told.",
        HelpName = "IMAGE",
    };

    public static Command Create(CliContext context)
    {
        var command = new Command("on-schedule", Description);
        FarmVerb.AddSymbols(command, [.. CiOptions.Common, CiOptions.Cache, Trigger, Aur, Scripts]);
        command.SetAction((result, cancellationToken) => CiRun.RunAsync(
            result, context, BuildPriority.Schedule, (run, changed) => RunAsync(run, changed, cancellationToken), cancellationToken));
        return command;
    }

    private static async Task<PipelineRun> RunAsync(CiRun run, Action<PipelineRun> changed, CancellationToken cancellationToken)
    {
        var (result, context) = (run.Result, run.Context);
        var (project, _) = await run.Job.ProjectAsync(run.Git, result.GetRequiredValue(CiOptions.Remote), cancellationToken);
        var host = run.Host with { Sandbox = Sandbox(run) };
        if (result.GetValue(Aur) is { } aur)
        {
            var address = CommonOptions.Address(aur).ToString().TrimEnd('/');
            host = host with
            {
                Aur = host.Aur with { Metadata = new Uri($"{address}/packages-meta-v1.json.gz"), Rpc = new Uri($"{address}/rpc/v5/"), GitUrl = $"{address}/{{0}}.git" },
            };
        }

        return await new OnSchedulePipeline(
            run.Git,
            await run.PushesAsync(cancellationToken),
            run.Connect,
            new OnScheduleOptions
            {
                Branch = run.Branch,
                Tag = run.Tag,
                Architectures = CiOptions.Architectures(result),
                DryRun = run.DryRun,
                Trigger = result.GetValue(Trigger) ?? context.Variable("TRIGGER"),
                Pipeline = run.Job.Pipeline,
                RunId = run.Job.RunId,
                Page = run.Job.Page,
                Skip = project?.Kind == ForgeKind.GitLab ? CiSkip.PushOption : CiSkip.Marker,
                Host = host,
                Forge = run.Forge(project),
                Aur = await run.AurAsync(cancellationToken),
            },
            run.Processes,
            context.Time,
            changed).RunAsync(cancellationToken);
    }

    private static ContainerSandbox? Sandbox(CiRun run)
    {
        if ((run.Result.GetValue(Scripts) ?? run.Context.Variable("CAUR_SCRIPTS_IMAGE")) is not { Length: > 0 } image)
        {
            return null;
        }

        var hasDocker = (run.Context.Variable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "docker")));
        return new ContainerSandbox(run.Processes, new SandboxOptions { Image = image, Command = hasDocker ? "docker" : "podman" });
    }
}
