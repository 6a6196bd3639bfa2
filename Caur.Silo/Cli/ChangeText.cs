using System.Globalization;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Pacman;
using Spectre.Console;

namespace Caur.Silo.Cli;

/// <summary>A change of a repository for people.</summary>
internal static class ChangeText
{
    /// <summary>What was done, would be done, or is ordered.</summary>
    public static void Write(CliContext context, TargetId target, RepositoryChangeView view)
    {
        if (view.State == RepositoryChangeState.Pending)
        {
            context.Out.WriteLine($"{target}: ordered, operation {view.Operation}.");
            return;
        }

        context.Out.WriteLine($"{target}: {Sentence(view)}");
        if (view.Changes.Length > 0)
        {
            var table = context.NewTable("PACKAGE", "PKGBASE", "NOW", "THEN", "SIZE", "FILE");
            foreach (var change in view.Changes)
            {
                table.AddRow(
                    new Text(change.Pkgname), new Text(change.Pkgbase), new Text(change.From ?? "-"), new Text(change.To ?? "-"),
                    new Text(ByteText.Of(change.Size)), new Text(change.FileName));
            }

            context.Write(table);
        }

        var unnamed = view.Removed + view.Added + view.Changed - view.Changes.Length;
        if (unnamed > 0)
        {
            context.Out.WriteLine($"and {unnamed} more.");
        }

        if (view.UnknownNames > 0 && view.Kind == RepositoryChangeKind.Keep)
        {
            context.Error.WriteLine($"note: {view.UnknownNames} of the names given have no package here.");
        }

        var lower = view.Changes.Count(change => change is { From: { } from, To: { } to } && PackageVersion.Parse(to) < PackageVersion.Parse(from));
        if (lower > 0)
        {
            context.Error.WriteLine(
                $"note: {(lower == 1 ? "1 package gets" : $"{lower} packages get")} a lower version. Clients that have the higher one keep it until it is passed, or until 'pacman -Syuu'.");
        }
    }

    private static string Sentence(RepositoryChangeView view)
    {
        var done = view.State == RepositoryChangeState.Done;
        if (view is { Kind: RepositoryChangeKind.Accept, Reason.Length: > 0 })
        {
            return $"{(done ? "accepted" : "dry run")}: {view.Reason}.";
        }

        if (view.Removed + view.Added + view.Changed == 0)
        {
            return done ? $"nothing to do, generation {view.Generation} stays." : "dry run: nothing would change.";
        }

        var what = view.Kind == RepositoryChangeKind.Rollback
            ? done
                ? $"rolled back: {Counted.Of(view.Changed, "package")} changed, {view.Added} came, {view.Removed} went"
                : $"{Counted.Of(view.Changed, "package")} would change, {view.Added} come, {view.Removed} go"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{view.Removed} of {Counted.Of(view.Packages, "package")} {(done ? "removed" : "would go")} ({100.0 * view.Removed / Math.Max(1, view.Packages):0.#} %, {ByteText.Of(view.Bytes)})");
        return done ? $"{what}; generation {view.Generation}." : $"dry run: {what}.";
    }
}
