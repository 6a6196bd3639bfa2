namespace Caur.Builder.Link;

/// <summary>A call over the link has an unknown outcome, or none: the link was lost, or the gateway failed. It may be repeated.</summary>
internal sealed class LinkException(string message, Exception? inner = null) : IOException(message, inner);
