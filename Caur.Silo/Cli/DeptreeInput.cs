namespace Caur.Silo.Cli;

/// <summary>Finds the deptree that a pipeline made: what <c>--deptree</c> says, else the file that the manual's pipelines leave behind.</summary>
internal static class DeptreeInput
{
    /// <summary>The text to send along, or null when there is none.</summary>
    /// <param name="option">The value of <c>--deptree</c>: a file's name or the text itself.</param>
    /// <param name="context">The environment.</param>
    /// <exception cref="FarmException">The option names neither.</exception>
    public static string? Find(string? option, CliContext context)
    {
        if (option is null)
        {
            var folder = context.Variable("CI_BUILDS_DIR") ?? context.Variable("GITHUB_WORKSPACE");
            var file = folder is null ? null : Path.Combine(folder, ".ci", "deptree.txt");
            return File.Exists(file) ? File.ReadAllText(file) : null;
        }

        // A text is longer than any path, and has colons.
        return option.Length < 4096 && File.Exists(option) ? File.ReadAllText(option)
            : option.Contains(':', StringComparison.Ordinal) ? option
            : throw new FarmException(ExitCodes.Usage, $"--deptree: '{option}' is no file, and no deptree: pkgbase:names:dependencies is wanted");
    }
}
