namespace Caur.Pipelines.Hosting;

/// <summary>The farm refused, or did not answer.</summary>
/// <param name="message">What to do, for whoever runs the pipeline.</param>
/// <param name="inner">What happened below.</param>
internal sealed class FarmUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>It answered, and refused: the same again is refused again.</summary>
    public bool IsRefusal { get; init; }
}
