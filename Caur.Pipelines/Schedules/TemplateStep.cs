using Caur.Pipelines.Polite;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Templates;
using Message = Caur.Pipelines.Commits.CommitMessage;

namespace Caur.Pipelines.Schedules;

/// <summary>Keeps the CI files as the template has them that <c>TEMPLATE_REPO</c> names, where <c>TEMPLATE_ENABLE_UPDATES</c> is true. A commit of the
/// template is looked at once: what somebody changed afterwards stays until the template has a newer one.</summary>
internal sealed class TemplateStep(PushRepository repository, ScheduleServices services, OnScheduleOptions options, GitIdentity identity, TimeProvider time)
{
    private string Memory => Path.Combine(options.Host.Folder, "template");

    /// <summary>Looks, and pushes what is new. Whatever goes wrong is noted, and fails nothing.</summary>
    /// <param name="url">The template's address.</param>
    /// <param name="place">Where branch and tag stood when the run began.</param>
    /// <param name="head">Where the branch stands now.</param>
    /// <param name="recorder">For notes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<StepResult> RunAsync(string url, SourcePlace place, string head, RunRecorder recorder, CancellationToken cancellationToken)
    {
        if (services.UrlRules.Refuse(url) is { } refused)
        {
            return Noted($"TEMPLATE_REPO: {refused}");
        }

        var newest = await services.Git.NewestAsync(url, "HEAD", cancellationToken);
        if (!newest.IsGiven)
        {
            return Noted($"the template cannot be looked at: {newest.Problem}");
        }

        if (await RememberedAsync(url, cancellationToken) is { } seen && seen.Commit == newest.Value)
        {
            return seen.Problem is { } still ? Noted(still) : StepResult.Skipped($"nothing newer than {Message.ShortOf(seen.Commit)}");
        }

        var cloned = await services.Git.CloneAsync(url, null, cancellationToken);
        if (!cloned.IsGiven)
        {
            return Noted($"the template cannot be cloned: {cloned.Problem}");
        }

        var (commit, template) = (cloned.Value.Commit, cloned.Value.Files);
        var listed = TemplateFiles.Listed(template);
        if (!listed.IsGiven)
        {
            var problem = $"the template {Shown.Short(url, 120)} is not followed: {listed.Problem}";
            await RememberAsync(url, commit, problem, cancellationToken);
            return Noted(problem);
        }

        var ours = await repository.FilesAsync(head, listed.Value, cancellationToken);
        var change = new FolderChange("", ours, TemplateFiles.Wanted(template, listed.Value, ours)) { Name = $"template {Message.ShortOf(commit)}" };
        var changed = string.Join(", ", change.Files.Select(file => file.Key));
        if (options.DryRun)
        {
            return StepResult.Skipped(changed.Length > 0 ? $"would be as in {Message.ShortOf(commit)}: {changed}" : "the CI files are the template's");
        }

        if (changed.Length > 0)
        {
            var outcome = await new MainPush(repository, time, options.Made).RunAsync(
                new MainChange
                {
                    Branch = place.Branch,
                    Base = head,
                    Folders = [change],
                    Identity = identity,
                    Skip = options.Skip,
                    Action = "chore(ci)",
                    Tag = options.Tag,
                    TagValue = head == place.Head ? place.TagValue : null,
                    OnlyFromBase = true,
                },
                cancellationToken);
            if (outcome.State is MainState.Overtaken)
            {
                return StepResult.Skipped($"{outcome.Words}: the next run does it");
            }

            if (outcome.State is MainState.Refused or MainState.Unavailable)
            {
                return Noted($"the template's files ({changed}) could not be pushed: {outcome.Words}. GitHub wants a token that may change workflows");
            }

            recorder.Update(run => run with { Commit = outcome.Commit ?? run.Commit });
        }

        await RememberAsync(url, commit, null, cancellationToken);
        return StepResult.Done(changed.Length > 0 ? $"as in {Message.ShortOf(commit)}: {changed}" : "the CI files are the template's");

        StepResult Noted(string problem)
        {
            recorder.Note(problem);
            return StepResult.Skipped(problem);
        }
    }

    private async Task<(string Commit, string? Problem)?> RememberedAsync(string url, CancellationToken cancellationToken) =>
        File.Exists(Memory) && (await File.ReadAllLinesAsync(Memory, cancellationToken)) is [var known, var commit, .. var problem] && known == url
            ? (commit, problem.Length > 0 ? problem[0] : null)
            : null;

    private async Task RememberAsync(string url, string commit, string? problem, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.Host.Folder);
        await File.WriteAllLinesAsync(Memory, problem is null ? [url, commit] : [url, commit, problem], cancellationToken);
    }
}
