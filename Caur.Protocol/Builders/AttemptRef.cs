namespace Caur.Protocol.Builders;

/// <summary>One try of one build, as builder and control plane name it to each other. Everything a builder says about its work carries
/// it, and whatever names an attempt that is no longer the current one is refused.</summary>
/// <param name="Build">The build's id: <c>target/arch/pkgbase/timestamp</c>, the timestamp in milliseconds since 1970.</param>
/// <param name="Number">Counts from 1; a build that is handed out again gets the next number.</param>
public readonly record struct AttemptRef(string Build, int Number)
{
    /// <summary>The build's id, a <c>#</c>, the number.</summary>
    public override string ToString() => $"{Build}#{Number}";
}
