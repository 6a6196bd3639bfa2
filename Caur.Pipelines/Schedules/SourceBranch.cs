using Caur.Pipelines.Git;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.State;

namespace Caur.Pipelines.Schedules;

/// <summary>Where the branches and the tag of a source repository are, at its other side.</summary>
internal sealed record SourcePlace
{
    /// <summary>The main branch, without <c>refs/heads/</c>.</summary>
    public required string Branch { get; init; }

    /// <summary>Its newest commit.</summary>
    public required string Head { get; init; }

    /// <summary>The object that the tag names; null when there is no such tag.</summary>
    public string? TagValue { get; init; }

    /// <summary>The commit behind it.</summary>
    public string? TagCommit { get; init; }

    /// <summary>The commit of the branch <c>state</c>; null when there is none.</summary>
    public string? State { get; init; }

    /// <summary>The packages that have a branch for review.</summary>
    public IReadOnlySet<string> Reviews { get; init; } = new HashSet<string>();
}

/// <summary>Looks where branches and tag are, and has their commits here. What the other side says counts: a CI job's clone may be old and shallow.</summary>
/// <param name="git">The clone, to read.</param>
/// <param name="repository">The same clone, to fetch and push.</param>
/// <param name="branch">The main branch; null for the other side's default one.</param>
/// <param name="tag">The tag up to which everything was handed over.</param>
internal sealed class SourceBranch(GitRepository git, PushRepository repository, string? branch, string tag)
{
    /// <summary>The branch of the state.</summary>
    public const string State = "refs/heads/state";

    private const string Heads = "refs/heads/";

    /// <exception cref="PushException">The other side does not answer.</exception>
    /// <exception cref="SourceUnavailableException">There is no such branch.</exception>
    public async Task<SourcePlace> FindAsync(CancellationToken cancellationToken)
    {
        var name = branch ?? await repository.DefaultBranchAsync(cancellationToken)
            ?? throw new SourceUnavailableException($"{repository.Remote.Url} names no default branch: name one with --branch");
        var (main, tagName) = (Heads + name, $"refs/tags/{tag}");
        var refs = await repository.ListAsync(cancellationToken, main, State, tagName, $"{Heads}update-*");
        var head = refs.GetValueOrDefault(main) ?? throw new SourceUnavailableException($"{repository.Remote.Url} has no branch {name}");
        var wanted = ((string[])[main, State, tagName]).Where(refs.ContainsKey).ToList();
        var missing = await repository.MissingAsync(wanted.Select(one => refs[one]), cancellationToken);
        if (missing.Count > 0)
        {
            await repository.FetchAsync(wanted.Where(one => missing.Contains(refs[one])), cancellationToken);
            if (!await repository.HasAsync(head, cancellationToken))
            {
                throw new SourceUnavailableException($"the newest commit {head} of {name} cannot be fetched");
            }
        }

        var value = refs.GetValueOrDefault(tagName);
        return new SourcePlace
        {
            Branch = name,
            Head = head,
            TagValue = value,
            TagCommit = value is null || value == head ? value : await CommitAsync(value, cancellationToken),
            State = refs.GetValueOrDefault(State),
            Reviews = refs.Keys.Where(one => one.StartsWith(Heads, StringComparison.Ordinal)).Select(one => Reviews.ReviewBranch.PackageOf(one[Heads.Length..]))
                .OfType<string>().ToHashSet(StringComparer.Ordinal),
        };
    }

    /// <summary>Reads the state; where it seems to be of another history, of a clone that is not cut off.</summary>
    public async Task<StateReading> ReadStateAsync(SourcePlace place, CancellationToken cancellationToken)
    {
        if (place.State is not { } tip)
        {
            return new StateReading(StateContent.None, null, "there is no branch 'state'");
        }

        var states = new StateBranch(git);
        var read = await states.ReadAsync(tip, place.Head, cancellationToken);
        return read.Recreated is not null && await repository.DeepenAsync(Heads + place.Branch, cancellationToken)
            ? await states.ReadAsync(tip, place.Head, cancellationToken)
            : read;
    }

    private async Task<string?> CommitAsync(string value, CancellationToken cancellationToken)
    {
        var parsed = await git.RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", $"{value}^{{commit}}"], cancellationToken);
        return parsed.Succeeded ? parsed.OutputText.Trim() : null;
    }
}
