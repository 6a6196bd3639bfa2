using System.CommandLine;
using Caur.Api.Repositories;

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

    private static Command CreateList(CliContext context)
    {
        var command = new Command("list", "Lists the target repositories.") { CommonOptions.Json };
        CommonOptions.AddFarm(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            using var farm = result.Farm(context);
            var repositories = await farm.RepositoriesAsync(cancellationToken);
            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, repositories);
            }
            else
            {
                RepositoryText.Write(context, repositories);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateShow(CliContext context)
    {
        var command = One("show", "Shows a repository: its generations and its packages.");
        command.Add(CommonOptions.Json);
        CommonOptions.AddFarm(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            using var farm = result.Farm(context);
            var target = await RepositoryChoice.ReadAsync(result, farm, cancellationToken);
            var repository = await farm.RepositoryAsync(target, cancellationToken);
            var packages = await farm.PackagesAsync(target, cancellationToken);
            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, new { repository, packages.Bytes, packages.Packages });
            }
            else
            {
                RepositoryText.Write(context, repository, packages);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateRemove(CliContext context)
    {
        var command = One(
            "remove",
            "Removes pkgbases, each with all its packages. A name that is not there is refused, and then nothing goes. Their files stay as "
            + "long as a kept generation names them, so that 'caur repo rollback' can bring them back. Builds are not cancelled: one that "
            + "is done later publishes its packages again.");
        command.Add(Names);
        command.Add(Package);
        ChangeRun.AddOptions(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            using var farm = result.Farm(context);
            var target = await RepositoryChoice.ReadAsync(result, farm, cancellationToken);
            return await ChangeRun.RunAsync(
                result, context, farm, target, "remove",
                new ChangeBody { Names = [.. result.GetRequiredValue(Names)], Packages = result.GetValue(Package) }, cancellationToken);
        });
        return command;
    }

    private static Command CreateRollback(CliContext context)
    {
        var command = One(
            "rollback",
            "Publishes the packages of an older generation again, and no others, as a new generation. Wants an admin's token. What was "
            + "published since leaves the database. Packages may get lower versions: clients that have the higher one keep it until it is "
            + "passed, or until 'pacman -Syuu'. The next build of a version above the one that came back is published as usual; a file name "
            + "that was published before is taken, so that a new build of a version that was rolled back wants a higher pkgrel.");
        command.Add(Generation);
        ChangeRun.AddOptions(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            using var farm = result.Farm(context);
            var target = await RepositoryChoice.ReadAsync(result, farm, cancellationToken);
            return await ChangeRun.RunAsync(
                result, context, farm, target, "rollback", new ChangeBody { Generation = result.GetRequiredValue(Generation) }, cancellationToken);
        });
        return command;
    }

    private static Command CreateAccept(CliContext context)
    {
        var command = One(
            "accept",
            "Lets a repository that was set back (restored from an older copy, or gone) go on from what is there, for when its newest copy is "
            + "lost. Wants an admin's token. Clients do not get again what was published since, until it is built again; no generation's number "
            + "is used twice. What waits is published upon it. Does nothing to a repository that was not set back.");
        ChangeRun.AddOptions(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            using var farm = result.Farm(context);
            var target = await RepositoryChoice.ReadAsync(result, farm, cancellationToken);
            return await ChangeRun.RunAsync(result, context, farm, target, "accept", new ChangeBody(), cancellationToken);
        });
        return command;
    }

    private static Command CreateVerify(CliContext context)
    {
        var command = One("verify", "Reads every file of the current generation and compares sizes, sums and signatures. 1 when something is wrong.");
        command.Add(CommonOptions.Json);
        CommonOptions.AddFarm(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            using var farm = result.Farm(context);
            var target = await RepositoryChoice.ReadAsync(result, farm, cancellationToken);
            var begun = await farm.BeginVerificationAsync(target, cancellationToken);
            var found = begun;
            while (found.Running && found.Id == begun.Id)
            {
                await Task.Delay(AskEvery, context.Time, cancellationToken);
                found = await farm.VerificationAsync(target, cancellationToken);
            }

            if (found.Id != begun.Id)
            {
                throw new FarmException(ExitCodes.Failed, "the hub was started anew, or somebody else began another verification: ask again");
            }

            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, found);
            }
            else
            {
                RepositoryText.Write(context, target, found);
            }

            return found is { ProblemCount: 0, Failure.Length: 0 } ? ExitCodes.Ok : ExitCodes.Failed;
        });
        return command;
    }

    private static Command One(string name, string description) =>
        new(name, description) { RepositoryChoice.Target, RepositoryChoice.Arch };
}
