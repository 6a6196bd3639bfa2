using Caur.Pipelines.Hosting;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;

namespace Caur.Pipelines.Commits;

/// <summary>Whether the names of a repository's settings are names of the farm. <c>BUILD_REPO</c> is the source and <c>REPO_NAME</c> the target, as
/// the templates' scripts pass them; the manual says it the other way round, and whoever followed it is told.</summary>
internal static class NameCheck
{
    /// <summary>What is wrong, for people; null when nothing is.</summary>
    public static string? Problem(RepositorySettings settings, FarmNames names, IEnumerable<string> architectures)
    {
        var (source, target) = (settings.SourceRepository, settings.TargetRepository);
        var known = names.TargetRepositories.FirstOrDefault(one => one.Name == target);
        if (names.SourceRepositories.Contains(source) && known is not null)
        {
            return architectures.FirstOrDefault(arch => !known.Architectures.Contains(arch)) is { } missing
                ? $"{target} is not built for {missing}, only for {List(known.Architectures)}"
                : null;
        }

        var problem = names.SourceRepositories.Contains(source)
            ? $"REPO_NAME in .ci/config is '{target}', and the farm has no target repository of that name; it has {List(names.TargetRepositories.Select(one => one.Name))}"
            : $"BUILD_REPO in .ci/config is '{source}', and the farm has no source repository of that name; it has {List(names.SourceRepositories)}";
        return names.SourceRepositories.Contains(target) && names.TargetRepositories.Any(one => one.Name == source)
            ? $"{problem}. The two are the wrong way round: BUILD_REPO names the source repository and REPO_NAME the target, as the templates' scripts have it and the manual has not"
            : $"{problem}. BUILD_REPO names the source repository, REPO_NAME the target";
    }

    /// <summary>Asks a farm, as a step of a run.</summary>
    /// <param name="farm">The farm.</param>
    /// <param name="settings">The repository's settings.</param>
    /// <param name="architectures">For which is to be built.</param>
    /// <param name="dryRun">A farm that does not answer is no failure then.</param>
    /// <param name="recorder">For notes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<StepResult> StepAsync(
        IFarm farm, RepositorySettings settings, IEnumerable<string> architectures, bool dryRun, RunRecorder recorder, CancellationToken cancellationToken)
    {
        FarmNames names;
        try
        {
            names = await farm.DescribeAsync(cancellationToken);
        }
        catch (FarmUnavailableException away) when (dryRun && !away.IsRefusal)
        {
            recorder.Note($"the farm was not asked: {away.Message}");
            return StepResult.Skipped("the farm was not asked");
        }

        return Problem(settings, names, architectures) is { } problem
            ? StepResult.Failed(problem)
            : StepResult.Done($"from {settings.SourceRepository} for {settings.TargetRepository}");
    }

    /// <summary>Whether what a run needs of a repository's settings can be used; the rest that cannot is noted.</summary>
    /// <returns>Why it cannot; null when it can.</returns>
    public static string? Unusable(RepositorySettings settings, RunRecorder recorder)
    {
        string[] needed = ["BUILD_REPO", "REPO_NAME", "CI_DEFAULT_CLASS"];
        foreach (var (key, problem) in settings.Problems.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (needed.Contains(key))
            {
                return problem;
            }

            recorder.Note(problem);
        }

        return null;
    }

    private static string List(IEnumerable<string> names) =>
        string.Join(", ", names.Order(StringComparer.Ordinal)) is { Length: > 0 } list ? list : "none";
}
