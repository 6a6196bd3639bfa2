namespace Caur.Silo.Cli;

/// <summary>Names of package folders, from arguments and from a file or the standard input.</summary>
internal static class NameList
{
    /// <summary>Reads a list: names between blanks or line ends; <c>#</c> begins a comment.</summary>
    /// <param name="context">For the standard input.</param>
    /// <param name="path">A file, or <c>-</c>.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="FarmException">It cannot be read, or holds what is no name.</exception>
    public static async Task<IReadOnlyList<string>> ReadAsync(CliContext context, string path, CancellationToken cancellationToken)
    {
        var reader = path == "-" ? context.OpenInput() : Open(path);
        try
        {
            var names = new List<string>();
            for (var number = 1; await reader.ReadLineAsync(cancellationToken) is { } line; number++)
            {
                foreach (var text in line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                {
                    names.Add(TryParse(text, out var problem) ?? throw new FarmException(ExitCodes.Failed, $"{path}:{number}: {problem}"));
                }
            }

            return names;
        }
        finally
        {
            if (path != "-")
            {
                reader.Dispose();
            }
        }
    }

    /// <summary>The folder's name of <c>pkgbase</c> or <c>pkgbase/class</c>, as pipelines write them; null, with the problem, when it is none.</summary>
    public static string? TryParse(string text, out string? problem) => PackageArgument.TryParse(text, out problem)?.Pkgbase;

    private static StreamReader Open(string path)
    {
        try
        {
            return new StreamReader(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new FarmException(ExitCodes.Failed, $"the list of names cannot be read: {error.Message}", error);
        }
    }
}
