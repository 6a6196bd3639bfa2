using Caur.Contracts.Repositories;
using Caur.Pacman;
using Caur.Storage.Repositories;

namespace Caur.Grains.Repositories;

/// <summary>Works out what a change does to the files of one repository: the same for a dry run and for the real one.</summary>
/// <param name="store">The files.</param>
/// <param name="isDryRun">A dry run waits for no publication that is carried out, and none notices it.</param>
internal sealed class ChangePlanner(RepositoryStore store, bool isDryRun = false)
{
    /// <summary>Plans a change upon the current generation. Nothing changes.</summary>
    /// <param name="publication">The publication's name.</param>
    /// <param name="change">What is wanted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What to apply, nothing when there is nothing to do or it is refused; and the same for people.</returns>
    public async Task<(PublicationPlan? Plan, RepositoryChangeView View)> PlanAsync(
        string publication, RepositoryChange change, CancellationToken cancellationToken)
    {
        if (change.Kind == RepositoryChangeKind.Accept)
        {
            return await AcceptAsync(publication, change, cancellationToken);
        }

        var current = await store.ReadAsync(cancellationToken);
        return change.Kind == RepositoryChangeKind.Rollback
            ? await RollbackAsync(publication, change, current, cancellationToken)
            : await RemoveAsync(publication, change, current, cancellationToken);
    }

    /// <summary>The refusal of a rollback to what is not there, with what is.</summary>
    public RepositoryChangeView NotKept(RepositoryChange change, int packages)
    {
        var kept = store.ListGenerations().Select(generation => generation.Number).ToList();
        var there = kept.Count > 0
            ? $"there are {string.Join(", ", kept.Take(20))}{(kept.Count > 20 ? $" and {kept.Count - 20} more down to {kept[^1]}" : "")}, the first of them now"
            : "there are none";
        return View(change, packages) with
        {
            State = RepositoryChangeState.Refused,
            Refusal = RepositoryChangeRefusal.UnknownGeneration,
            Reason = change.Generation is { } wanted ? $"generation {wanted} is not kept: {there}" : $"no generation is named: {there}",
        };
    }

    private async Task<(PublicationPlan? Plan, RepositoryChangeView View)> AcceptAsync(
        string publication, RepositoryChange change, CancellationToken cancellationToken)
    {
        if (store.PlanAcceptance(publication, change.Generation ?? 0) is not { } plan)
        {
            return (null, View(change, 0));
        }

        var packages = (await store.ReadAsync(plan.BaseGeneration, cancellationToken)).Count;
        var from = plan.BaseGeneration == 0 ? "nothing" : $"generation {plan.BaseGeneration}";
        return (plan, View(change, packages) with { Reason = $"{from}, with {packages} packages, goes on as generation {plan.Number}" });
    }

    private async Task<(PublicationPlan? Plan, RepositoryChangeView View)> RemoveAsync(
        string publication, RepositoryChange change, RepositoryDatabase current, CancellationToken cancellationToken)
    {
        var decision = RemovalDecision.Decide([.. current.Select(entry => (entry.Name.ToString(), entry.PkgBase.ToString()))], change);
        var gone = decision.Pkgnames.Select(pkgname => Gone(current.Find(PackageName.Parse(pkgname))!));
        var view = Counted(View(change, decision.Packages) with { UnknownNames = decision.UnknownNames, Changes = [.. gone] });
        if (decision.Refusal != RepositoryChangeRefusal.None)
        {
            return (null, view with { State = RepositoryChangeState.Refused, Refusal = decision.Refusal, Reason = decision.Reason });
        }

        if (decision.Pkgnames.IsEmpty)
        {
            return (null, view);
        }

        var request = new PublicationRequest { Id = publication, RemovePkgnames = decision.Pkgnames };
        var proposal = await (isDryRun ? store.PreviewAsync(request, cancellationToken) : store.PlanAsync(request, cancellationToken));
        return (proposal.Plan, view);
    }

    private async Task<(PublicationPlan? Plan, RepositoryChangeView View)> RollbackAsync(
        string publication, RepositoryChange change, RepositoryDatabase current, CancellationToken cancellationToken)
    {
        if (change.Generation is not { } wanted
            || (store.ListGenerations().All(generation => generation.Number != wanted)
                && store.ListDamagedGenerations().All(generation => generation.Number != wanted)))
        {
            return (null, NotKept(change, current.Count));
        }

        RepositoryDatabase old;
        PublicationProposal proposal;
        try
        {
            old = await store.ReadAsync(wanted, cancellationToken);
            proposal = await (isDryRun
                ? store.PreviewRollbackAsync(publication, wanted, cancellationToken)
                : store.PlanRollbackAsync(publication, wanted, cancellationToken));
        }
        catch (RepositoryDamagedException damaged) when (damaged.Generation == wanted && wanted != store.CurrentGeneration)
        {
            return (null, View(change, current.Count) with
            {
                State = RepositoryChangeState.Refused,
                Refusal = RepositoryChangeRefusal.FilesGone,
                Reason = damaged.Message,
            });
        }

        var view = Counted(View(change, current.Count) with { Changes = [.. Differences(current, old)] });
        return proposal.Problems.Count == 0
            ? (proposal.Plan, view)
            : (null, FilesGone(view, proposal.Problems));
    }

    /// <summary>The refusal of a rollback whose packages are not there any more.</summary>
    public static RepositoryChangeView FilesGone(RepositoryChangeView view, IReadOnlyCollection<string> problems) => view with
    {
        State = RepositoryChangeState.Refused,
        Refusal = RepositoryChangeRefusal.FilesGone,
        Reason = $"its packages cannot come back: {string.Join("; ", problems.Take(20))}{(problems.Count > 20 ? $" and {problems.Count - 20} more" : "")}",
    };

    private static IEnumerable<PackageChange> Differences(RepositoryDatabase current, RepositoryDatabase old)
    {
        var changes = new List<PackageChange>();
        foreach (var entry in current)
        {
            if (old.Find(entry.Name) is not { } back)
            {
                changes.Add(Gone(entry));
            }
            else if (back.FileName != entry.FileName || !back.Desc.Span.SequenceEqual(entry.Desc.Span))
            {
                changes.Add(Gone(entry) with { To = back.Version.ToString() });
            }
        }

        changes.AddRange(old.Where(entry => current.Find(entry.Name) is null)
            .Select(entry => Gone(entry) with { From = null, To = entry.Version.ToString() }));
        return changes.OrderBy(change => change.Pkgname, StringComparer.Ordinal);
    }

    private static PackageChange Gone(RepositoryEntry entry) => new()
    {
        Pkgname = entry.Name.ToString(),
        Pkgbase = entry.PkgBase.ToString(),
        From = entry.Version.ToString(),
        FileName = entry.FileName,
        Size = entry.ReadDescription().CompressedSize,
    };

    private static RepositoryChangeView View(RepositoryChange change, int packages) => new()
    {
        Operation = change.Operation,
        Kind = change.Kind,
        State = RepositoryChangeState.Planned,
        Packages = packages,
    };

    private static RepositoryChangeView Counted(RepositoryChangeView view) => view with
    {
        Removed = view.Changes.Count(change => change.To is null),
        Added = view.Changes.Count(change => change.From is null),
        Changed = view.Changes.Count(change => change is { From: not null, To: not null }),
        Bytes = view.Changes.Where(change => change.From is not null).Sum(change => change.Size),
    };
}
