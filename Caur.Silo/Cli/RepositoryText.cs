using System.Globalization;
using Caur.Api.Repositories;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary>Repositories for people.</summary>
internal static class RepositoryText
{
    /// <summary>A farm that is always busy keeps up to a thousand.</summary>
    private const int GenerationsAtMost = 20;

    public static void Write(CliContext context, IReadOnlyList<RepositoryReply> repositories)
    {
        var table = context.NewTable("REPOSITORY", "PACKAGES", "GENERATION", "PUBLISHED", "KEPT", "WAITING", "PROBLEM");
        foreach (var repository in repositories)
        {
            table.AddRow(
                new Text(repository.Target.ToString()),
                new Text(Number(repository.Packages)),
                new Text(Number(repository.Generation)),
                new Text(repository.Generations is [var newest, ..] ? Time(newest.Time) : "never"),
                new Text(Number(repository.Generations.Count)),
                new Text(Number(repository.Pending)),
                new Text(repository.Problem));
        }

        context.Write(table);
    }

    public static void Write(CliContext context, RepositoryReply repository, PackagePage packages)
    {
        context.Out.WriteLine(
            $"{repository.Target}: generation {Number(packages.Generation)}, {Counted.Of(packages.Total, "package")}, {ByteText.Of(packages.Bytes)}, {(repository.Pending == 1 ? "1 order waits" : $"{Number(repository.Pending)} orders wait")}");
        if (repository.Problem.Length > 0)
        {
            context.Out.WriteLine($"in the way: {repository.Problem}");
        }

        if (repository.Generations.Count > 0)
        {
            context.Out.WriteLine();
            var generations = context.NewTable("GENERATION", "PUBLISHED", "PACKAGES", "ADDED", "REMOVED", "WHY");
            foreach (var generation in repository.Generations.Take(GenerationsAtMost))
            {
                generations.AddRow(
                    new Text(Number(generation.Number)), new Text(Time(generation.Time)), new Text(Number(generation.Packages)),
                    new Text(Number(generation.Added)), new Text(Number(generation.Removed)), new Text(Why(generation)));
            }

            context.Write(generations);
            if (repository.Generations.Count > GenerationsAtMost)
            {
                context.Out.WriteLine(
                    $"and {Number(repository.Generations.Count - GenerationsAtMost)} more, down to {Number(repository.Generations[^1].Number)} (all with --json).");
            }
        }

        if (packages.Packages.Length > 0)
        {
            context.Out.WriteLine();
            var table = context.NewTable("PACKAGE", "VERSION", "PKGBASE", "SIZE", "FILE");
            foreach (var package in packages.Packages)
            {
                table.AddRow(
                    new Text(package.Pkgname), new Text(package.Version), new Text(package.Pkgbase), new Text(ByteText.Of(package.Size)), new Text(package.FileName));
            }

            context.Write(table);
        }
    }

    public static void Write(CliContext context, TargetId target, VerificationView found)
    {
        foreach (var problem in found.Problems)
        {
            context.Out.WriteLine(problem);
        }

        if (found.ProblemCount > found.Problems.Length)
        {
            context.Out.WriteLine($"and {found.ProblemCount - found.Problems.Length} more.");
        }

        if (found.WithoutProvenance > 0)
        {
            context.Out.WriteLine($"{Counted.Of(found.WithoutProvenance, "package")} without provenance: not built by this farm, or before it wrote any.");
        }

        context.Out.WriteLine(found switch
        {
            { Failure.Length: > 0 } => $"{target}: generation {Number(found.Generation)} could not be verified: {found.Failure}",
            { ProblemCount: 0 } => $"{target}: generation {Number(found.Generation)} with {Counted.Of(found.Packages, "package")} is sound.",
            _ => $"{target}: generation {Number(found.Generation)} with {Counted.Of(found.Packages, "package")} has {Counted.Of(found.ProblemCount, "problem")}.",
        });
    }

    private static string Why(GenerationView generation) => generation switch
    {
        { Damage.Length: > 0 } => "damaged",
        { Restored: { } restored } => $"rollback to {Number(restored)}",
        { Builds: > 0 } => Counted.Of(generation.Builds, "build"),
        _ => generation.Publication.Split('-')[0],
    };

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
