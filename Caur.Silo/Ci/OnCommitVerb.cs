using System.CommandLine;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Pipelines.Commits;
using Caur.Pipelines.ManagedAur;
using Caur.Silo.Cli;

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

    private static readonly Option<string> Commit = new("--commit")
    {
        Description = "The commit to handle.",
        DefaultValueFactory = _ => "HEAD",
        HelpName = "SHA",
    };

    private static readonly Option<bool> Force = new("--force") { Description = "Remove also when more than a fifth of the packages goes." };

    public static Command Create(CliContext context)
    {
        var command = new Command("on-commit", Description);
        FarmVerb.AddSymbols(command, [.. CiOptions.Common, Commit, Force]);
        command.SetAction((result, cancellationToken) => RunAsync(result, context, cancellationToken));
        return command;
    }

    private static Task<int> RunAsync(ParseResult result, CliContext context, CancellationToken cancellationToken) => CiRun.RunAsync(
        result,
        context,
        BuildPriority.Commit,
        async (run, changed) =>
        {
            var pipeline = new OnCommitPipeline(
                run.Git,
                run.Remote,
                run.Connect,
                new OnCommitOptions
                {
                    Commit = result.GetRequiredValue(Commit),
                    Branch = run.Branch,
                    Tag = run.Tag,
                    Architectures = CiOptions.Architectures(result),
                    DryRun = run.DryRun,
                    Force = result.GetValue(Force),
                    Pipeline = run.Job.Pipeline,
                    Page = run.Job.Page,
                    Nearest = NearestNames.Of,
                },
                context.Time,
                changed);
            var ended = await pipeline.RunAsync(cancellationToken);
            return pipeline.Managed.Count == 0 ? ended : await AurDelivery.AfterAsync(
                ended, pipeline.Managed, await run.DeliveryAsync(pipeline.Settings, cancellationToken), context.Time, changed, cancellationToken);
        },
        cancellationToken);
}
