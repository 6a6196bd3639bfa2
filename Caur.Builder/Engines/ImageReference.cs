namespace Caur.Builder.Engines;

/// <summary>The parts of an image's name, as <c>registry/path:tag</c> or <c>registry/path@digest</c>.</summary>
internal static class ImageReference
{
    /// <summary>Splits name and tag; a digest counts as a tag, and no tag means <c>latest</c>, for without one the engine pulls all.</summary>
    public static (string Name, string? Tag) Split(string reference)
    {
        var at = reference.IndexOf('@', StringComparison.Ordinal);
        if (at > 0)
        {
            return (reference[..at], reference[(at + 1)..]);
        }

        var colon = reference.LastIndexOf(':');
        return colon > reference.LastIndexOf('/') ? (reference[..colon], reference[(colon + 1)..]) : (reference, "latest");
    }

    /// <summary>True when the name's first part is a registry's host: it has a dot or a port. Source: the reference grammar of
    /// github.com/distribution/reference, except that a bare <c>localhost</c> is none here: podman puts it before images made locally.</summary>
    public static bool NamesRegistry(string reference)
    {
        var slash = reference.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && reference.AsSpan(0, slash).IndexOfAny('.', ':') >= 0;
    }

    /// <summary>True when the reference can only ever mean one image.</summary>
    public static bool IsPinned(string reference) =>
        reference.Contains('@', StringComparison.Ordinal) || reference.StartsWith("sha256:", StringComparison.Ordinal);
}
