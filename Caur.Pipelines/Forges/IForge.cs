namespace Caur.Pipelines.Forges;

/// <summary>What became of a request.</summary>
internal enum RequestState
{
    /// <summary>It waits for somebody.</summary>
    Open,

    /// <summary>It was taken.</summary>
    Merged,

    /// <summary>It was closed and not taken.</summary>
    Closed,
}

/// <summary>A merge request or pull request from a branch of the project itself.</summary>
internal sealed record ForgeRequest
{
    /// <summary>As people name it: <c>!12</c>, <c>#12</c>.</summary>
    public required long Number { get; init; }

    public required RequestState State { get; init; }

    /// <summary>The branch that is to be merged.</summary>
    public required string Branch { get; init; }

    /// <summary>The commit that it has, or had when it was closed; empty when the forge does not say.</summary>
    public string Head { get; init; } = "";

    public string Title { get; init; } = "";

    public string Body { get; init; } = "";

    /// <summary>For people; null when the forge does not say.</summary>
    public Uri? Page { get; init; }
}

/// <summary>What a request shall say.</summary>
/// <param name="Branch">The branch that is to be merged.</param>
/// <param name="Target">The branch that it is merged into.</param>
/// <param name="Title">At most 255 characters.</param>
/// <param name="Body">Markdown, at most <see cref="IForge.LongestBody"/>.</param>
/// <param name="Labels">Added to what people gave it.</param>
/// <param name="Assignee">A user's number at GitLab; null for nobody. GitHub knows none.</param>
internal sealed record RequestText(string Branch, string Target, string Title, string Body, IReadOnlyList<string> Labels, long? Assignee = null);

/// <summary>Merge and pull requests of one project. Every call throws <see cref="ForgeException"/> when the forge refuses or does not answer.</summary>
internal interface IForge
{
    /// <summary>Where, for people.</summary>
    string Name { get; }

    /// <summary>How many bytes a request's body may have.</summary>
    int LongestBody { get; }

    /// <summary>The open request of a branch, else the newest of those that were; null when there never was one. Those of forks do not count.</summary>
    Task<ForgeRequest?> FindAsync(string branch, CancellationToken cancellationToken);

    /// <summary>All open requests from branches of the project itself.</summary>
    Task<IReadOnlyList<ForgeRequest>> ListOpenAsync(CancellationToken cancellationToken);

    /// <summary>Makes a request; when the branch has an open one after all, that one says this now.</summary>
    Task<ForgeRequest> CreateAsync(RequestText text, CancellationToken cancellationToken);

    /// <summary>Has an open request say something else.</summary>
    Task UpdateAsync(ForgeRequest request, RequestText text, CancellationToken cancellationToken);

    /// <summary>Closes an open request.</summary>
    /// <param name="request">Which.</param>
    /// <param name="comment">Why, in markdown of ours.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task CloseAsync(ForgeRequest request, string comment, CancellationToken cancellationToken);
}

/// <summary>Why a forge did not do what it was asked.</summary>
internal enum ForgeProblem
{
    /// <summary>The token is none, or is over.</summary>
    Unauthorized,

    /// <summary>The token may not do that.</summary>
    Forbidden,

    /// <summary>There is no such project, or the token does not see it.</summary>
    NotFound,

    /// <summary>It exists already.</summary>
    Conflict,

    /// <summary>It cannot be done as it was asked.</summary>
    Refused,

    /// <summary>It wants to be asked later.</summary>
    TooMany,

    /// <summary>It cannot be reached or is broken; what was asked may have been done.</summary>
    Unavailable,
}

/// <summary>A forge did not do what it was asked.</summary>
/// <param name="problem">Why.</param>
/// <param name="message">What to do, for whoever runs it; never holds a token.</param>
internal sealed class ForgeException(ForgeProblem problem, string message) : Exception(message)
{
    public ForgeProblem Problem => problem;
}
