using System.CommandLine;
using Caur.Api.Repositories;

namespace Caur.Silo.Cli;

/// <summary><c>caur auto-repo-remove</c>: the manual's arguments. The list is what stays.</summary>
internal static class AutoRepoRemoveVerb
{
    private const string Description =
        """
        Removes every package whose pkgbase is NOT named.

        The names are the pkgbases to KEEP: all package folders that there are, as pipelines pass them. (The manual says "to be removed";
        the pipelines have always passed what remains.) An empty list is refused. When more than a fifth of the repository's packages
        would go, it wants --force. Names without a package are folders that were never built; they are counted.
        Builds of removed pkgbases that wait or run are not cancelled, and publish when they are done.

        Exit codes: 0 done, or nothing to do; 1 refused or failed; 2 wrong usage; 3 no server; 4 token refused; 130 interrupted.
        """;

    private static readonly Argument<string[]> Names = new("pkgbases")
    {
        Description = "The pkgbases to keep, each 'pkgbase' or 'pkgbase/class'. Options stand before them.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<string> Arch = new("--arch")
    {
        Description = "The repository's architecture.",
        DefaultValueFactory = _ => "x86_64",
        HelpName = "ARCH",
    };

    private static readonly Option<string> Target = new("--target-repo")
    {
        Description = "The target repository.",
        DefaultValueFactory = _ => "chaotic-aur",
        HelpName = "NAME",
    };

    private static readonly Option<string?> From = new("--from")
    {
        Description = "Read further names from a file, or from the standard input with '-'.",
        HelpName = "FILE|-",
    };

    private static readonly Option<bool> Force = new("--force") { Description = "Also when more than a fifth of the packages goes." };

    public static Command Create(CliContext context)
    {
        var command = FarmVerb.Create(context, "auto-repo-remove", Description, [Names, Arch, Target, From, Force, .. ChangeRun.Options], RunAsync);
        command.Validators.Add(result =>
        {
            var named = result.GetValue(Names) ?? [];
            if (named.Length == 0 && result.GetValue(From) is null)
            {
                result.AddError("The list of pkgbases to keep is empty: everything would go, which is taken for an error.");
            }

            foreach (var text in named)
            {
                if (NameList.TryParse(text, out var problem) is null)
                {
                    result.AddError(problem!);
                }
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(FarmRun run, CancellationToken cancellationToken)
    {
        run.NoteManualsVariables();
        var names = (run.Result.GetValue(Names) ?? []).Select(text => NameList.TryParse(text, out _)!).ToList<string?>();
        if (run.Result.GetValue(From) is { } path)
        {
            names.AddRange(await NameList.ReadAsync(run.Context, path, cancellationToken));
        }

        return await ChangeRun.RunAsync(
            run, RepositoryChoice.Of(run.Result.GetRequiredValue(Target), run.Result.GetRequiredValue(Arch)), "keep",
            new ChangeBody { Names = names, Force = run.Result.GetValue(Force) }, cancellationToken);
    }
}
