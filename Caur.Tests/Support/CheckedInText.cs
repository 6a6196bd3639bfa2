namespace Caur.Tests.Support;

/// <summary>A text that is kept in the repository and compared with what the code makes of itself.</summary>
internal static class CheckedInText
{
    /// <summary>The full path of a file of the repository, from its path below the root.</summary>
    public static string PathOf(string path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Caur.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder?.FullName ?? throw new DirectoryNotFoundException("Caur.sln stands in no folder above the tests."), path);
    }

    /// <summary>Compares, or writes the file when the environment variable <paramref name="accept"/> is 1.</summary>
    public static async Task ShouldBe(string path, string text, string accept)
    {
        var file = PathOf(path);
        if (Environment.GetEnvironmentVariable(accept) == "1")
        {
            await File.WriteAllTextAsync(file, text);
        }

        var kept = File.Exists(file) ? await File.ReadAllTextAsync(file) : "";
        var (have, want) = (text.Split('\n'), kept.Split('\n'));
        var added = have.Except(want).Select(static line => $"+ {line}");
        var removed = want.Except(have).Select(static line => $"- {line}");
        var difference = removed.Concat(added).ToList();
        (difference.Count == 0 && text == kept).ShouldBeTrue(
            $"{path} no longer says what the code is. If the change is meant, run the test with {accept}=1 and commit the file.\n"
            + string.Join('\n', difference.Count > 0 ? difference : ["(the order of lines differs)"]));
    }
}
