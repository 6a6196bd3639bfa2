using Caur.Api.Queue;
using Caur.Api.Repositories;
using Caur.Api.Sources;
using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary>What the verbs order, in words.</summary>
internal static class FarmOrders
{
    /// <summary>Who may read where not everybody may.</summary>
    public const string Readers = "reader or any other";

    /// <summary>Who may see and change what is the farm's own.</summary>
    public const string Admins = "admin";

    /// <summary>Who may schedule and remove.</summary>
    public const string Pipelines = "ci or admin";
    private const int Named = 5;

    public static Order Schedule(ScheduleBody body)
    {
        var names = (body.Packages ?? []).Select(package => package.Pkgbase).ToList();
        var what = body.All ? "all packages" : List(names);
        return new Order($"to build {what} of {body.SourceRepo} for {body.TargetRepo}/{body.Arch}", "'caur queue' shows what is queued.", Pipelines)
        {
            Operation = body.Operation,
        };
    }

    /// <param name="verb">cancel, retry or promote.</param>
    /// <param name="build">Which.</param>
    public static Order Build(string verb, BuildId build) => new($"to {verb} {build}", $"'caur build show {build}' says how it stands.", Admins);

    public static Order Retry(BuildId build, Guid operation) =>
        new($"to build {build} again", $"'caur build list --package {build.Pkgbase}' shows its builds.", Pipelines) { Operation = operation };

    public static Order Run(string source, StartRunBody body) => new(
        $"to run {body.Pipeline} of {source}{(body.DryRun ? ", only to say what it would do" : "")}", $"'caur run list --source-repo {source}' shows its runs.", Pipelines);

    public static Order Pause(bool paused, string? arch) => new(
        $"to {(paused ? "pause" : "resume")} {(arch is null ? "all queues" : $"the queue of {arch}")}", "'caur queue' says whether it is paused.", Admins);

    public static Order Reset(string? arch) => new(
        $"to cancel everything that waits{(arch is null ? "" : $" for {arch}")}", "'caur queue' shows what is left.", Admins);

    public static Order Drain(BuilderId builder, bool drain) => new(
        $"{(drain ? "to drain" : "to resume")} the builder {builder}", "'caur builder list' says how it stands.", Admins);

    /// <param name="target">Which repository.</param>
    /// <param name="verb">remove, keep, rollback or accept.</param>
    /// <param name="body">What is wanted.</param>
    public static Order Change(TargetId target, string verb, ChangeBody body)
    {
        var what = verb switch
        {
            "remove" => $"to remove {List(body.Names ?? [])} from {target}",
            "keep" => $"to remove all but {Counted.Of(body.Names?.Count ?? 0, "pkgbase")} from {target}",
            "accept" => $"to let {target} go on from what is there",
            _ => $"to roll {target} back to generation {body.Generation}",
        };
        return new Order(
            body.DryRun ? $"nothing; it was asked what it would do {what}" : what,
            $"'caur repo show --target-repo {target.Name} --arch {target.Arch}' shows its generations.",
            verb is "rollback" or "accept" ? Admins : Pipelines)
        {
            Operation = body.DryRun ? null : body.Operation,
        };
    }

    public static Order Token(string what) => new(what, "'caur token list' shows which there are.", Admins);

    public static Order Verify(TargetId target) => new($"to verify {target}", "The same command again asks anew.", Pipelines);

    private static string List(IReadOnlyList<string?> names) =>
        names.Count <= Named ? string.Join(", ", names) : $"{string.Join(", ", names.Take(Named))} and {names.Count - Named} more";
}
