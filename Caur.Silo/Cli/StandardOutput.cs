using Microsoft.Win32.SafeHandles;

namespace Caur.Silo.Cli;

/// <summary>The process' standard output for bytes as they are.</summary>
internal static class StandardOutput
{
    /// <summary>Opens it. A reader that went away makes writing fail.</summary>
    public static Stream Open()
    {
        // The console's own stream swallows the error of a closed pipe, and 'caur logs -f | head' would never end. A file's handle is shared
        // with who writes before and after, as in '{ caur logs a; caur logs b; } > file': a FileStream would write at offsets of its own and
        // leave the handle's where it was, so that the next writer overwrites what it wrote.
        var direct = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, 0);
        return direct.CanSeek || !Console.IsOutputRedirected ? Console.OpenStandardOutput() : direct;
    }
}
