using System.CommandLine;
using Caur.Api.Queue;
using Caur.Contracts.Sources;

namespace Caur.Silo.Cli;

/// <summary><c>caur schedule</c>: the manual's arguments, and <c>--all</c>, <c>--follow</c>, <c>--json</c>.</summary>
internal static class ScheduleVerb
{
    private static readonly Argument<string[]> Packages = new("packages")
    {
        Description = "Package folders, each 'pkgbase' or 'pkgbase/class', or 'all'.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<string> Arch = new("--arch")
    {
        Description = "The architecture to build for.",
        DefaultValueFactory = _ => "x86_64",
        HelpName = "ARCH",
    };

    private static readonly Option<string?> Target = new("--target-repo")
    {
        Description = "The target repository. Default: the farm's only one, else chaotic-aur.",
        HelpName = "NAME",
    };

    private static readonly Option<string?> Source = new("--source-repo")
    {
        Description = "The source repository. Default: the farm's only one, else chaotic-aur.",
        HelpName = "ID",
    };

    private static readonly Option<string?> Commit = new("--commit")
    {
        Description = "The commit, branch or tag to build; a pipeline's id may follow behind a colon. Default: the newest commit.",
        HelpName = "SHA[:PIPELINE]",
    };

    private static readonly Option<string?> Deptree = new("--deptree")
    {
        Description = "What depends on what (pkgbase:names:dependencies;...), as a file or as text; for folders whose own files do not tell. "
            + "Default: .ci/deptree.txt in CI_BUILDS_DIR or GITHUB_WORKSPACE.",
        HelpName = "FILE|TEXT",
    };

    private static readonly Option<bool> DeptreeWins = new("--deptree-wins")
    {
        Description = "The deptree given decides, also where the commit's own files say otherwise.",
    };

    private static readonly Option<string?> ArchMirror = new("--arch-mirror")
    {
        Description = "Accepted and not used: the builder image knows its mirrors.",
        HelpName = "URL",
    };

    private static readonly Option<bool> All = new("--all") { Description = "All package folders." };

    private static readonly Option<bool> Follow = new("--follow")
    {
        Description = "Wait until all builds ended; 0 only if each was Published, AlreadyBuilt or Skipped.",
    };

    /// <summary>The manual's default for both kinds of repository.</summary>
    private const string ManualsRepository = "chaotic-aur";

    private const string Description =
        """
        Queues builds.

        Ends when they are queued; with --follow, when all of them ended. Ctrl-C ends the waiting, not the builds.

        Exit codes: 0 queued, and with --follow all went well; 1 refused, some were not queued, or with --follow one did not go well;
        2 wrong usage; 3 no server; 4 token refused; 130 interrupted.
        """;

    public static Command Create(CliContext context)
    {
        var command = FarmVerb.Create(
            context, "schedule", Description, [Packages, Arch, Target, Source, Commit, Deptree, DeptreeWins, ArchMirror, All, Follow, ChangeRun.Operation], RunAsync);
        command.Validators.Add(result =>
        {
            var named = result.GetValue(Packages) ?? [];
            var everything = result.GetValue(All) || named is ["all"];
            if (!everything && named.Length == 0)
            {
                result.AddError("No packages are named: name package folders, or all of them with --all.");
            }
            else if (result.GetValue(All) && named.Length > 0 && named is not ["all"])
            {
                result.AddError("Either --all or package folders, not both.");
            }

            if (!everything)
            {
                foreach (var text in named)
                {
                    if (PackageArgument.TryParse(text, out var problem) is null)
                    {
                        result.AddError(problem!);
                    }
                }
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(FarmRun run, CancellationToken cancellationToken)
    {
        var (result, context, json) = (run.Result, run.Context, run.IsJson);
        run.NoteManualsVariables();
        NoteUnused(result, context);
        var body = await BodyAsync(result, run.Farm, DeptreeInput.Find(result.GetValue(Deptree), context), cancellationToken);
        var reply = await run.Farm.ScheduleAsync(body, cancellationToken);
        if (!json)
        {
            Print(context, body, reply);
        }

        if (!result.GetValue(Follow))
        {
            if (json)
            {
                JsonText.Write(context.Out, reply);
            }

            return reply.Refused.Length == 0 ? ExitCodes.Ok : ExitCodes.Failed;
        }

        using var progress = new FollowOutput(context, quiet: json);
        var ends = await new BuildFollower(run.Farm, context.Time) { Note = progress.Note, Stand = progress.Stand }
            .FollowAsync([.. reply.Builds.Select(build => build.Build)], progress.Changed, cancellationToken);
        if (json)
        {
            JsonText.Write(context.Out, new { schedule = reply, builds = ends });
        }
        else
        {
            progress.Summary(ends);
        }

        return reply.Refused.Length == 0 && ends.All(end => end.EndedWell) ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<ScheduleBody> BodyAsync(
        ParseResult result, FarmClient farm, string? deptree, CancellationToken cancellationToken)
    {
        var (target, source) = (result.GetValue(Target), result.GetValue(Source));
        if (target is null || source is null)
        {
            var known = await farm.FarmAsync(cancellationToken, FarmOrders.Pipelines);
            target ??= TheOnly(known.TargetRepositories.Select(repository => repository.Name), "target repository", "--target-repo", "PACKAGE_TARGET_REPOS");
            source ??= TheOnly(known.SourceRepositories, "source repository", "--source-repo", "PACKAGE_REPOS");
        }

        var named = result.GetValue(Packages) ?? [];
        var everything = result.GetValue(All) || named is ["all"];
        return new ScheduleBody
        {
            Arch = result.GetRequiredValue(Arch),
            TargetRepo = target,
            SourceRepo = source,
            Commit = result.GetValue(Commit),
            All = everything,
            Packages = everything ? null : [.. named.Select(text => PackageArgument.TryParse(text, out _)!)],
            Operation = result.GetValue(ChangeRun.Operation) ?? Guid.NewGuid(),
            Deptree = deptree,
            DeptreeWins = result.GetValue(DeptreeWins),
        };
    }

    /// <summary>The name that is meant where none is given.</summary>
    internal static string TheOnly(IEnumerable<string> names, string what, string option, string setting) => names.ToList() switch
    {
        [var one] => one,
        var several when several.Contains(ManualsRepository) => ManualsRepository,
        [] => throw new FarmException(ExitCodes.Failed, $"this farm has no {what}: its hub wants {setting}"),
        var several => throw new FarmException(ExitCodes.Usage, $"this farm has more than one {what}; choose with {option}: {string.Join(", ", several)}"),
    };

    private static void NoteUnused(ParseResult result, CliContext context)
    {
        if (result.GetValue(ArchMirror) is not null)
        {
            context.Error.WriteLine("note: --arch-mirror is not used: the builder image knows its mirrors.");
        }
    }

    private static void Print(CliContext context, ScheduleBody body, ScheduleReply reply)
    {
        var commit = reply.Commit.Length > 10 ? reply.Commit[..10] : reply.Commit;
        var count = Counted.Of(reply.Builds.Length, "build");
        context.Out.WriteLine($"Queued {count} of {body.SourceRepo} at {commit} for {body.TargetRepo}/{body.Arch}");
        foreach (var build in reply.Builds)
        {
            var after = build.DependsOn.Length > 0 ? $"  after {string.Join(", ", build.DependsOn)}" : "";
            context.Out.WriteLine($"  {build.Build}{after}{(build.Replaced is { } replaced ? $"  instead of {replaced.Timestamp}" : "")}");
        }

        foreach (var refused in reply.Refused)
        {
            context.Error.WriteLine($"not queued: {refused.Pkgbase}: {refused.Reason}");
        }

        foreach (var note in reply.Notes)
        {
            context.Error.WriteLine($"note: {note}");
        }
    }
}
