namespace Caur.Pipelines.Git;

/// <summary>A source repository could not be read.</summary>
/// <param name="message">What to do, for whoever asked.</param>
/// <param name="detail">The same with the paths of the hub's machine, for its log; null when there are none.</param>
internal sealed class SourceUnavailableException(string message, string? detail = null) : Exception(message)
{
    /// <summary>For the hub's log.</summary>
    public string Detail => detail ?? Message;
}
