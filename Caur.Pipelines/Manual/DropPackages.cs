using System.Collections.Immutable;
using System.Globalization;
using Caur.Pipelines.Changes;
using Caur.Pipelines.Git;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Runs;
using DecisionKind = Caur.Pipelines.Runs.DecisionKind;
using PackageDecision = Caur.Pipelines.Runs.PackageDecision;

namespace Caur.Pipelines.Manual;

/// <summary>Removes package folders and commits that; the on-commit pipeline of that commit removes the packages from the target repository.</summary>
/// <param name="git">The clone, to read.</param>
/// <param name="repository">The same clone, to push.</param>
/// <param name="packages">Which.</param>
/// <param name="options">What it goes by.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Told of every change of the run.</param>
internal sealed class DropPackages(
    GitRepository git, PushRepository repository, ImmutableArray<string> packages, ManualOptions options, TimeProvider time, Action<PipelineRun>? changed = null)
    : ManualPipeline(Name, git, repository, options, time, changed)
{
    public const string Name = "drop";

    private readonly List<FolderChange> _folders = [];

    protected override async Task<bool> RunStepsAsync(CancellationToken cancellationToken) =>
        await Recorder.StepAsync("decide", () => DecideAsync(cancellationToken))
        && await Recorder.StepAsync("push", async () => (await PushAsync(_folders, "chore(drop)", "dropped", cancellationToken)).Result);

    protected override string Done(int count) => string.Create(
        CultureInfo.InvariantCulture, $"{count} {(Options.DryRun ? "would be dropped" : "dropped, which the on-commit pipeline of their commit removes")}");

    private async Task<StepResult> DecideAsync(CancellationToken cancellationToken)
    {
        var named = packages.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (UnknownOf(named) is { } unknown)
        {
            return unknown;
        }

        foreach (var package in named)
        {
            _folders.Add(new FolderChange(package, await Folders.TreeAsync(package, cancellationToken), FolderTree.Empty));
        }

        Decide(named.Select(one => new PackageDecision(one, DecisionKind.Remove, ["somebody asked for it"])));
        return StepResult.Done(string.Create(CultureInfo.InvariantCulture, $"{named.Count} folders to remove"));
    }
}
