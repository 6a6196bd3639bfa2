using Caur.Pacman;

namespace Caur.Pipelines.Reading;

/// <summary>What was read of a .SRCINFO. The same file in two folders, or at two commits, is read once.</summary>
/// <param name="Value">What it says of what builds need; null when it cannot be used.</param>
/// <param name="Problem">Why it cannot, and what to do; null when it can.</param>
internal sealed record SrcinfoFile(Srcinfo? Value, string? Problem)
{
    /// <summary>What of a .SRCINFO is looked at: the rest of thousands of folders would stay in memory for nothing.</summary>
    private static readonly string[] Kept = ["arch", "depends", "makedepends", "checkdepends", "provides"];

    public static SrcinfoFile Missing { get; } = new(null, "it has no .SRCINFO; make one in its folder with: makepkg --printsrcinfo > .SRCINFO");

    public static SrcinfoFile TooLarge { get; } = new(null, $"its .SRCINFO cannot be read: it is larger than {Srcinfo.MaxSize >> 20} MiB");

    public static SrcinfoFile NoFile { get; } = new(null, "its .SRCINFO is no plain file; links and submodules are not followed");

    public static SrcinfoFile Read(string text)
    {
        var parsed = Srcinfo.Parse(text);
        return parsed.IsValid
            ? new SrcinfoFile(parsed.Value.Only(Kept), null)
            : new SrcinfoFile(null, $"its .SRCINFO cannot be read: {parsed.Error}");
    }
}
