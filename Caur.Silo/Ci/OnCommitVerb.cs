using System.Collections.Immutable;
using System.CommandLine;
using Caur.Contracts.Ids;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Runs;
using Caur.Silo.Cli;
using Caur.Storage.Processes;

namespace Caur.Silo.Ci;

/// <summary><c>caur ci on-commit</c>.</summary>
internal static class OnCommitVerb
{
    private const string Description =
        """
        Hands over to the farm what came since the tag 'scheduled', and moves the tag.

        Folders that changed are scheduled, and those that a commit message names with [deploy NAME] or [deploy all]. When a folder is gone or
        was renamed, every package that no folder makes any more is removed. A name that is no folder's is an error: nothing is handed over
        and the tag stays. Without the tag the newest commit counts alone. The same run again hands over what is missing, and nothing twice.

        Source and target are BUILD_REPO and REPO_NAME of .ci/config; its REDIS_SSH_* lead to the farm unless --server or CAUR_URL names one
        that is not of this machine. ACCESS_TOKEN is for git, where its server asks for a password.

        Exit codes: 0 done, or nothing to do; 1 refused or failed, or some packages cannot be built; 2 wrong usage; 3 no server;
        4 token refused; 130 interrupted.
        """;

    private static readonly Option<string> Folder = new("--repository")
    {
        Description = "The checkout of the source repository. Only what is committed counts.",
        DefaultValueFactory = _ => ".",
        HelpName = "DIR",
    };

    private static readonly Option<string> Commit = new("--commit")
    {
        Description = "The commit to handle.",
        DefaultValueFactory = _ => "HEAD",
        HelpName = "SHA",
    };

    private static readonly Option<string> Remote = new("--remote")
    {
        Description = "The remote of the checkout where branch and tag are.",
        DefaultValueFactory = _ => "origin",
        HelpName = "NAME",
    };

    private static readonly Option<string?> Branch = new("--branch")
    {
        Description = "The branch there. Default: the CI job's, else the default branch.",
        HelpName = "NAME",
    };

    private static readonly Option<string> Tag = new("--tag")
    {
        Description = "The tag that marks up to where everything was handed over.",
        DefaultValueFactory = _ => OnCommitOptions.DefaultTag,
        HelpName = "NAME",
    };

    private static readonly Option<string[]> Arch = new("--arch")
    {
        Description = "The architecture to build for; may be given several times. Default: x86_64.",
        HelpName = "ARCH",
    };

    private static readonly Option<bool> Force = new("--force") { Description = "Remove also when more than a fifth of the packages goes." };

    public static Command Create(CliContext context)
    {
        var command = new Command("on-commit", Description);
        FarmVerb.AddSymbols(command, [Folder, Commit, Remote, Branch, Tag, Arch, ChangeRun.DryRun, Force]);
        command.SetAction((result, cancellationToken) => RunAsync(result, context, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CliContext context, CancellationToken cancellationToken)
    {
        var (json, job) = (result.GetValue(CommonOptions.Json), new CiJob(context));
        var processes = new ProcessRunner(context.Time);
        var output = new RunOutput(context, json);
        FarmClient? client = null;
        GatewayFarm? farm = null;
        try
        {
            var (git, remote) = await job.OpenAsync(
                result.GetRequiredValue(Folder), result.GetRequiredValue(Remote), processes, cancellationToken);
            var pipeline = new OnCommitPipeline(
                git,
                remote,
                settings =>
                {
                    client = result.Farm(context, job.WithTunnelOf(settings, result));
                    return farm = new GatewayFarm(client, context, quiet: json);
                },
                Options(result, job),
                context.Time,
                output.Changed);
            var run = await pipeline.RunAsync(cancellationToken);
            output.End(run);
            return run.Outcome switch
            {
                RunOutcome.Failed => farm?.Failure?.ExitCode ?? ExitCodes.Failed,
                RunOutcome.Incomplete => ExitCodes.Failed,
                _ => ExitCodes.Ok,
            };
        }
        catch (Exception error) when (error is SourceUnavailableException or ProgramNotFoundException)
        {
            throw new FarmException(ExitCodes.Failed, error.Message, error);
        }
        finally
        {
            if (client is not null)
            {
                await client.DisposeAsync();
            }
        }
    }

    private static OnCommitOptions Options(ParseResult result, CiJob job)
    {
        var architectures = result.GetValue(Arch) is { Length: > 0 } named ? named.Distinct(StringComparer.Ordinal).ToImmutableArray() : ["x86_64"];
        if (architectures.FirstOrDefault(arch => !Names.IsValidArch(arch)) is { } wrong)
        {
            throw new FarmException(ExitCodes.Usage, $"--arch: '{GitText.Clean(wrong)}' is no architecture");
        }

        return new OnCommitOptions
        {
            Commit = result.GetRequiredValue(Commit),
            Branch = result.GetValue(Branch) ?? job.Branch,
            Tag = result.GetRequiredValue(Tag),
            Architectures = architectures,
            DryRun = result.GetValue(ChangeRun.DryRun),
            Force = result.GetValue(Force),
            Pipeline = job.Pipeline,
            Nearest = NearestNames.Of,
        };
    }
}
