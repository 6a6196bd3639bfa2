using System.CommandLine;
using System.Globalization;
using Caur.Contracts.Ids;
using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Rebuilds;
using Caur.Silo.Cli;
using Caur.Storage.Processes;
using Spectre.Console;

namespace Caur.Silo.Ci;

/// <summary><c>caur ci plan</c>: what a rebuild would mean, from a checkout alone.</summary>
internal static class PlanVerb
{
    private const string Description =
        """
        Says what a rebuild of packages, or for a library, would build, in which order and why. Nothing is queued, and no farm is needed.

        A NAME is a pkgbase or pkgname of the repository, which is rebuilt itself, or any other name that its packages depend on or have in
        CI_REBUILD_TRIGGERS, a soname as libfoo.so too: then these packages are. --depth and --all follow further what depends on what is rebuilt.
        Left out, with the reason, is what cannot be built, what waits for a trigger of its own (CI_ON_TRIGGER), and what only depends on a
        name in CI_REBUILD_BLACKLIST.

        Exit codes: 0 done; 1 a name is nothing's, or the checkout cannot be read; 2 wrong usage; 130 interrupted.
        """;

    /// <summary>The most names that a line of what is left out has.</summary>
    private const int Listed = 10;

    private static readonly Argument<string[]> Packages = new("names")
    {
        Description = "Packages or libraries.",
        Arity = ArgumentArity.OneOrMore,
        HelpName = "NAME",
    };

    private static readonly Option<string> Folder = new("--repository")
    {
        Description = "The checkout of the source repository. Only what is committed counts.",
        DefaultValueFactory = _ => ".",
        HelpName = "DIR",
    };

    private static readonly Option<string> Commit = new("--commit")
    {
        Description = "The commit to look at.",
        DefaultValueFactory = _ => "HEAD",
        HelpName = "SHA",
    };

    private static readonly Option<string> Arch = new("--arch")
    {
        Description = "The architecture to build for.",
        DefaultValueFactory = _ => "x86_64",
        HelpName = "ARCH",
    };

    private static readonly Option<int?> Depth = new("--depth")
    {
        Description = "How many steps dependants are followed. Default: 0 for packages of the repository, 1 for libraries.",
        HelpName = "N",
    };

    private static readonly Option<bool> All = new("--all") { Description = "Follow them to the end." };

    public static Command Create(CliContext context)
    {
        var command = new Command("plan", Description) { Packages, Folder, Commit, Arch, Depth, All, CommonOptions.Json };
        command.Validators.Add(result =>
        {
            // Asked for its value, what is no number would throw here.
            var depth = result.GetResult(Depth)?.Tokens is [var token, ..] ? token.Value : null;
            if (depth is not null && (!int.TryParse(depth, NumberStyles.None, CultureInfo.InvariantCulture, out _) || result.GetValue(All)))
            {
                result.AddError("--depth wants a number from 0, and --all is without one.");
            }
        });
        command.SetAction((result, cancellationToken) => RunAsync(result, context, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CliContext context, CancellationToken cancellationToken)
    {
        var arch = result.GetRequiredValue(Arch);
        if (!Names.IsValidArch(arch))
        {
            throw new FarmException(ExitCodes.Usage, $"--arch: '{GitText.Clean(arch)}' is no architecture");
        }

        var snapshot = await ReadAsync(result.GetRequiredValue(Folder), result.GetRequiredValue(Commit), context, cancellationToken);
        var planner = new RebuildPlanner(snapshot, arch);
        var plan = planner.Plan(new RebuildRequest
        {
            Names = [.. result.GetRequiredValue(Packages)],
            Depth = result.GetValue(All) ? int.MaxValue : result.GetValue(Depth),
        });
        if (result.GetValue(CommonOptions.Json))
        {
            JsonText.Write(context.Out, new { snapshot.Commit, arch, plan.Builds, plan.LeftOut, plan.Cycles, plan.Unknown });
        }
        else
        {
            Print(context, plan);
        }

        foreach (var name in plan.Unknown)
        {
            var nearest = NearestNames.Of(name, planner.Names);
            context.Error.WriteLine(
                $"caur: {GitText.Clean(name)} is no package here, and none depends on it or has it as a rebuild trigger{(nearest.Count > 0 ? $" (did you mean {string.Join(" or ", nearest)}?)" : "")}");
        }

        return plan.Unknown.IsEmpty ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<SourceSnapshot> ReadAsync(string folder, string commit, CliContext context, CancellationToken cancellationToken)
    {
        try
        {
            var git = await GitRepository.OpenAsync(folder, new ProcessRunner(context.Time), cancellationToken);
            var parsed = await git.RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", $"{commit}^{{commit}}"], cancellationToken);
            return parsed.Succeeded
                ? await new CommitReader(git).ReadAsync(parsed.OutputText.Trim(), cancellationToken)
                : throw new FarmException(ExitCodes.Failed, $"'{GitText.Clean(commit)}' is no commit of {git.Folder}");
        }
        catch (Exception error) when (error is SourceUnavailableException or ProgramNotFoundException)
        {
            throw new FarmException(ExitCodes.Failed, error.Message, error);
        }
    }

    private static void Print(CliContext context, RebuildPlan plan)
    {
        if (plan.Builds.IsEmpty)
        {
            context.Out.WriteLine("Nothing would be rebuilt.");
        }
        else
        {
            var table = context.NewTable("", "PACKAGE", "WHY", "AFTER");
            foreach (var (place, build) in plan.Builds.Index())
            {
                table.AddRow(
                    new Text($"{place + 1}"), new Text(build.Pkgbase), new Text(string.Join("; ", build.Reasons.Select(reason => reason.Text))),
                    new Text(string.Join(", ", build.After)));
            }

            context.Write(table);
        }

        foreach (var cycle in plan.Cycles)
        {
            context.Out.WriteLine($"cycle: {cycle.Text}");
        }

        // A folder may be called anything, and this is somebody's terminal.
        foreach (var group in plan.LeftOut.GroupBy(one => one.Why, one => one.Pkgbase).OrderBy(group => group.First(), StringComparer.Ordinal))
        {
            var (names, more) = (string.Join(", ", group.Take(Listed)), group.Count() - Listed);
            context.Out.WriteLine(GitText.OneLine($"left out: {names}{(more > 0 ? $" and {more} more" : "")}: {group.Key}"));
        }
    }
}
