using System.CommandLine;
using Caur.Api.Repositories;
using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary><c>caur repo</c>: what the target repositories hold, and changes to them by hand.</summary>
internal static class RepoVerb
{
    private static readonly Argument<string[]> Names = new("names")
    {
        Description = "Pkgbases, of which all packages go; with --package, pkgnames.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<bool> Package = new("--package")
    {
        Description = "The names are single packages. Others of the same pkgbase stay, until the next build of it publishes all again.",
    };

    private static readonly Argument<int> Generation = new("generation") { Description = "Its number, as 'caur repo show' lists them." };

    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(300);

    public static Command Create(CliContext context) => new("repo", "Shows, verifies and changes target repositories.")
    {
        CreateList(context), CreateShow(context), CreateRemove(context), CreateRollback(context), CreateAccept(context), CreateVerify(context),
    };

    private static Command CreateList(CliContext context) => FarmVerb.Create(context, "list", "Lists the target repositories.", [], async (run, cancellationToken) =>
    {
        var repositories = await run.Farm.RepositoriesAsync(cancellationToken);
        run.Print(repositories, () => RepositoryText.Write(context, repositories));
        return ExitCodes.Ok;
    });

    private static Command CreateShow(CliContext context) => One(
        context, "show", "Shows a repository: its generations and its packages.", [], async (run, target, cancellationToken) =>
        {
            var repository = await run.Farm.RepositoryAsync(target, cancellationToken);
            var packages = await run.Farm.PackagesAsync(target, cancellationToken);
            run.Print(new { repository, packages.Bytes, packages.Packages }, () => RepositoryText.Write(context, repository, packages));
            return ExitCodes.Ok;
        });

    private static Command CreateRemove(CliContext context) => One(
        context,
        "remove",
        "Removes pkgbases, each with all its packages. A name that is not there is refused, and then nothing goes. Their files stay as "
        + "long as a kept generation names them, so that 'caur repo rollback' can bring them back. Builds are not cancelled: one that "
        + "is done later publishes its packages again.",
        [Names, Package, .. ChangeRun.Options],
        (run, target, cancellationToken) => ChangeRun.RunAsync(
            run, target, "remove", new ChangeBody { Names = [.. run.Result.GetRequiredValue(Names)], Packages = run.Result.GetValue(Package) },
            cancellationToken));

    private static Command CreateRollback(CliContext context) => One(
        context,
        "rollback",
        "Publishes the packages of an older generation again, and no others, as a new generation. Wants an admin's token. What was "
        + "published since leaves the database. Packages may get lower versions: clients that have the higher one keep it until it is "
        + "passed, or until 'pacman -Syuu'. The next build of a version above the one that came back is published as usual; a file name "
        + "that was published before is taken, so that a new build of a version that was rolled back wants a higher pkgrel.",
        [Generation, .. ChangeRun.Options],
        (run, target, cancellationToken) => ChangeRun.RunAsync(
            run, target, "rollback", new ChangeBody { Generation = run.Result.GetRequiredValue(Generation) }, cancellationToken));

    private static Command CreateAccept(CliContext context) => One(
        context,
        "accept",
        "Lets a repository that was set back (restored from an older copy, or gone) go on from what is there, for when its newest copy is "
        + "lost. Wants an admin's token. Clients do not get again what was published since, until it is built again; no generation's number "
        + "is used twice. What waits is published upon it. Does nothing to a repository that was not set back.",
        ChangeRun.Options,
        (run, target, cancellationToken) => ChangeRun.RunAsync(run, target, "accept", new ChangeBody(), cancellationToken));

    private static Command CreateVerify(CliContext context) => One(
        context,
        "verify",
        "Reads every file of the current generation and compares sizes, sums and signatures. 1 when something is wrong.",
        [],
        async (run, target, cancellationToken) =>
        {
            var begun = await run.Farm.BeginVerificationAsync(target, cancellationToken);
            var found = begun;
            using var live = new LiveLine(context, quiet: run.IsJson);
            while (found.Running && found.Id == begun.Id)
            {
                live.Show($"{target}: verifying generation {begun.Generation}");
                await Task.Delay(AskEvery, context.Time, cancellationToken);
                found = await run.Farm.VerificationAsync(target, cancellationToken);
            }

            live.Clear();
            if (found.Id != begun.Id)
            {
                throw new FarmException(ExitCodes.Failed, "the hub was started anew, or somebody else began another verification: ask again");
            }

            run.Print(found, () => RepositoryText.Write(context, target, found));
            return found is { ProblemCount: 0, Failure.Length: 0 } ? ExitCodes.Ok : ExitCodes.Failed;
        });

    /// <summary>A verb about one repository.</summary>
    private static Command One(
        CliContext context, string name, string description, IEnumerable<Symbol> symbols, Func<FarmRun, TargetId, CancellationToken, Task<int>> run) =>
        FarmVerb.Create(
            context, name, description, [.. symbols, RepositoryChoice.Target, RepositoryChoice.Arch],
            async (farm, cancellationToken) => await run(farm, await RepositoryChoice.ReadAsync(farm.Result, farm.Farm, cancellationToken), cancellationToken));
}
