using Caur.Pipelines.Changes;

namespace Caur.Pipelines.Pushes;

/// <summary>What becomes of a package folder.</summary>
/// <param name="Folder">Its name; empty for files of the root, of which old and new name those that are meant.</param>
/// <param name="Old">What stands there in the base commit.</param>
/// <param name="New">What shall stand there; no file to remove it.</param>
internal sealed record FolderChange(string Folder, FolderTree Old, FolderTree New)
{
    /// <summary>For the message.</summary>
    public string Name { get; init; } = Folder;

    /// <summary>The files that differ, from the root.</summary>
    public IEnumerable<KeyValuePair<string, FolderFile?>> Files =>
        Old.Files.Keys.Union(New.Files.Keys, StringComparer.Ordinal)
            .Where(path => Old[path] is not { } was || New[path] is not { } now || !was.Equals(now))
            .Select(path => KeyValuePair.Create(Folder.Length == 0 ? path : $"{Folder}/{path}", New[path]));
}

/// <summary>What a run changes in its repository.</summary>
internal sealed record MainChange
{
    /// <summary>The branch, without <c>refs/heads/</c>.</summary>
    public string Branch { get; init; } = "main";

    /// <summary>The commit from which everything was decided.</summary>
    public required string Base { get; init; }

    /// <summary>The packages of the one commit.</summary>
    public required IReadOnlyList<FolderChange> Folders { get; init; }

    /// <summary>Files that go with the packages and make no commit alone, by their paths from the root: <c>.ci/aur-state</c>. Null removes one.</summary>
    public IReadOnlyDictionary<string, FolderFile?> Files { get; init; } = new Dictionary<string, FolderFile?>();

    /// <summary>Whether an automated last commit is replaced: <c>CI_OVERWRITE_COMMITS</c>.</summary>
    public bool Overwrites { get; init; }

    public required GitIdentity Identity { get; init; }

    public required CiSkip Skip { get; init; }

    /// <summary>What the subject begins with, and the body.</summary>
    public string Action { get; init; } = "chore(update)";

    /// <summary>What the body of a long list begins with.</summary>
    public string Description { get; init; } = "changed";

    /// <summary>The last line of the message, as git's trailers are: <c>Key: value</c>; null for none.</summary>
    public string? Trailer { get; init; }

    /// <summary>The tag that goes along, without <c>refs/tags/</c>; null for none. It moves only when it stood at the base and nobody else's commit is in
    /// between: those are yet to be scheduled.</summary>
    public string? Tag { get; init; } = "scheduled";

    /// <summary>The object that the tag names when it stands at the base: an annotated one is an object of its own. Null for the base itself.</summary>
    public string? TagValue { get; init; }

    /// <summary>Whether everything stays as it is when branch or tag do not stand at the base any more, instead of going on top of others' commits.</summary>
    public bool OnlyFromBase { get; init; }

    /// <summary>A branch beside it whose commit has to know the new head; null for none.</summary>
    public RefFollower? Follower { get; init; }

    /// <summary>What is pushed together with it, all or nothing: branch <c>state</c>, and review branches that are over.</summary>
    public IReadOnlyList<RefChange> Others { get; init; } = [];
}

/// <summary>A branch that is pushed together with a change, and whose content depends on what the change becomes.</summary>
/// <param name="Name">In full: <c>refs/heads/state</c>.</param>
/// <param name="Replaces">Where it has to stand until then; empty for nowhere.</param>
/// <param name="MakeAsync">Makes its commit, given the branch's new head; asked anew for each try. Null when it is to stay where it is.</param>
internal sealed record RefFollower(string Name, string Replaces, Func<string, CancellationToken, Task<string?>> MakeAsync);

/// <summary>How it went.</summary>
internal enum MainState
{
    /// <summary>Everything that was to be pushed is there.</summary>
    Pushed,

    /// <summary>There was nothing to push.</summary>
    Nothing,

    /// <summary>Others pushed each time; nothing was pushed.</summary>
    Overtaken,

    /// <summary>The other side does not want it; nothing was pushed.</summary>
    Refused,

    /// <summary>It cannot be reached; nothing was pushed as far as is known.</summary>
    Unavailable,
}

/// <summary>What became of a run's changes.</summary>
internal sealed record MainOutcome
{
    public required MainState State { get; init; }

    /// <summary>What to tell, without secrets.</summary>
    public string Words { get; init; } = "";

    /// <summary>The branch's new head, which is a commit of ours; null when no commit was made.</summary>
    public string? Commit { get; init; }

    /// <summary>The automated commit that it took the place of; null when there was none.</summary>
    public string? Replaced { get; init; }

    /// <summary>Whether the tag stands at the new head.</summary>
    public bool TagMoved { get; init; }

    /// <summary>Whether others' commits stand between the base and the new head.</summary>
    public bool HasOthers { get; init; }

    /// <summary>Packages that were left out because somebody else changed them at the same time; the next run looks at them anew.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];
}
