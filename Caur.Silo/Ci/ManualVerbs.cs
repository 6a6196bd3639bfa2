using System.Collections.Immutable;
using System.CommandLine;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Manual;
using Caur.Pipelines.Runs;
using Caur.Silo.Cli;

namespace Caur.Silo.Ci;

/// <summary><c>caur ci schedule</c>, <c>add</c>, <c>drop</c> and <c>bump</c>.</summary>
internal static class ManualVerbs
{
    private const string ExitCodesOfThese =
        "Exit codes: 0 done, or nothing to do; 1 refused or failed, or some packages could not be handled; 2 wrong usage; 3 no server; 4 token refused; 130 interrupted.";

    private const string All = "all";

    public static Command Schedule(CliContext context) => Create(
        context,
        "schedule",
        $"""
        Has packages built as they are at the newest commit.

        Names are package folders, with /CLASS for another builder class than the folder's; 'all' is all of them.

        {ExitCodesOfThese}
        """,
        [],
        async (run, names, changed, cancellationToken) => await new SchedulePackages(
            run.Git,
            await run.PushesAsync(cancellationToken),
            run.Connect,
            names is [All] ? null : [.. names.Select(Wanted)],
            run.Manual,
            run.Context.Time,
            changed).RunAsync(cancellationToken));

    public static Command Add(CliContext context) => Create(
        context,
        "add",
        $"""
        Makes package folders of the AUR's packages or of git repositories, and commits them.

        NAME or NAME/aur is of the AUR, NAME/URL of a git repository. The folder gets a .CI/config that keeps it up to date. The commit
        starts CI, whose on-commit pipeline has the packages built.

        {ExitCodesOfThese}
        """,
        [CiOptions.Cache],
        async (run, names, changed, cancellationToken) => await new AddPackages(
            run.Git,
            await run.PushesAsync(cancellationToken),
            [.. names.Select(New)],
            run.Host,
            run.Processes,
            run.Manual,
            run.Context.Time,
            changed).RunAsync(cancellationToken));

    public static Command Drop(CliContext context) => Create(
        context,
        "drop",
        $"""
        Removes package folders, and commits that.

        The commit starts CI, whose on-commit pipeline removes the packages from the target repository.

        {ExitCodesOfThese}
        """,
        [],
        async (run, names, changed, cancellationToken) => await new DropPackages(
            run.Git, await run.PushesAsync(cancellationToken), [.. names], run.Manual, run.Context.Time, changed).RunAsync(cancellationToken));

    public static Command Bump(CliContext context) => Create(
        context,
        "bump",
        $"""
        Raises CI_PACKAGE_BUMP of packages, commits that and has them built once more at the same version.

        The version that is published is the one in the databases of CI_LIB_DB. What is kept in the AUR is not bumped.

        {ExitCodesOfThese}
        """,
        [CiOptions.Cache],
        async (run, names, changed, cancellationToken) => await new BumpPackages(
            run.Git,
            run.Remote,
            await run.PushesAsync(cancellationToken),
            run.Connect,
            [.. names],
            run.Host,
            run.Processes,
            run.Manual,
            run.Context.Time,
            changed).RunAsync(cancellationToken));

    private static Command Create(
        CliContext context,
        string name,
        string description,
        IEnumerable<Option> options,
        Func<CiRun, ImmutableArray<string>, Action<PipelineRun>, CancellationToken, Task<PipelineRun>> run)
    {
        var names = new Argument<string[]>("names") { Description = "The packages. Default: PACKAGES.", Arity = ArgumentArity.ZeroOrMore, HelpName = "NAME" };
        var command = new Command(name, description);
        FarmVerb.AddSymbols(command, [names, .. CiOptions.Common, .. options]);
        command.SetAction((result, cancellationToken) =>
        {
            var named = Named(result.GetValue(names) ?? [], context.Variable("PACKAGES"));
            return CiRun.RunAsync(result, context, BuildPriority.Manual, (one, changed) => run(one, named, changed, cancellationToken), cancellationToken);
        });
        return command;
    }

    /// <summary>The names, as arguments or as a CI variable has them: with colons, blanks or line ends between. A colon of an address is none of those.</summary>
    private static ImmutableArray<string> Named(IReadOnlyList<string> arguments, string? variable)
    {
        var texts = arguments.Count > 0 ? arguments : [variable ?? ""];
        var named = texts.SelectMany(text => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .SelectMany(text => text.Contains("://", StringComparison.Ordinal) ? [text] : text.Split(':', StringSplitOptions.RemoveEmptyEntries))
            .ToImmutableArray();
        return named.IsEmpty ? throw new FarmException(ExitCodes.Usage, "no packages are named: name them, or set PACKAGES") : named;
    }

    private static WantedPackage Wanted(string text)
    {
        _ = PackageArgument.TryParse(text, out var problem) ?? throw new FarmException(ExitCodes.Usage, problem!);
        return text.Split('/', 2) is [var name, var builderClass] ? new WantedPackage(name, builderClass) : new WantedPackage(text, null);
    }

    private static NewPackage New(string text)
    {
        var parts = text.Split('/', 2);
        return Names.IsValid(parts[0])
            ? new NewPackage(parts[0], parts is [_, { Length: > 0 } source] ? source : "aur")
            : throw new FarmException(ExitCodes.Usage, $"'{Configuration.Shown.Text(text)}' names no package folder: NAME, NAME/aur or NAME/URL is wanted");
    }
}
