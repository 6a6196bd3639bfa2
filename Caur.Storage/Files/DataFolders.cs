namespace Caur.Storage.Files;

/// <summary>Where everything lies: the parts of the data folder, each of which may lie elsewhere, also on another file system.</summary>
public sealed record DataFolders
{
    /// <summary>Only its owner may look in: gpg refuses to trust a home that others can read.</summary>
    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>rwxr-xr-x: what a web server of another user can serve.</summary>
    public const UnixFileMode Public =
        Private | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The data folder itself.</summary>
    public required string Root { get; init; }

    /// <summary>The file of grain state.</summary>
    public required string Database { get; init; }

    /// <summary>Build logs.</summary>
    public required string Logs { get; init; }

    /// <summary>Where builders' archives arrive. The manual's <c>LANDING_ZONE_PATH</c>.</summary>
    public required string Landing { get; init; }

    /// <summary>The target repositories, as a web server serves them. The manual's <c>REPO_PATH</c>.</summary>
    public required string Repositories { get; init; }

    /// <summary>Package files that were replaced or removed.</summary>
    public required string Archive { get; init; }

    /// <summary>Clones of source repositories.</summary>
    public required string Sources { get; init; }

    /// <summary>gpg's home. The manual's <c>GPG_PATH</c>.</summary>
    public required string Keys { get; init; }

    /// <summary>Resolves every path; creates nothing.</summary>
    /// <param name="root">The data folder; a relative path counts from the working folder.</param>
    /// <param name="setting">Looks a setting up by the manual's name; null or empty leaves the part in the data folder.</param>
    public static DataFolders Resolve(string root, Func<string, string?>? setting = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        var full = Path.GetFullPath(root);

        string Part(string name, string? settingName = null)
        {
            var elsewhere = settingName is null ? null : setting?.Invoke(settingName);
            return string.IsNullOrWhiteSpace(elsewhere) ? Path.Combine(full, name) : Path.GetFullPath(elsewhere);
        }

        return new DataFolders
        {
            Root = full,
            Database = Part("caur.db"),
            Logs = Part("logs"),
            Landing = Part("landing", "LANDING_ZONE_PATH"),
            Repositories = Part("repos", "REPO_PATH"),
            Archive = Part("archive"),
            Sources = Part("sources"),
            Keys = Part("keys", "GPG_PATH"),
        };
    }

    /// <summary>Creates what is missing. Folders that exist keep their modes, except that <see cref="Keys"/> of our own making is
    /// made private again.</summary>
    /// <exception cref="IOException">A folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not make a folder.</exception>
    public void Create()
    {
        foreach (var folder in new[] { Root, Logs, Landing, Repositories, Archive, Sources, Path.GetDirectoryName(Database)! })
        {
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder);
                File.SetUnixFileMode(folder, Public);
            }
        }

        if (!Directory.Exists(Keys))
        {
            Directory.CreateDirectory(Keys, Private);
        }

        if (string.Equals(Path.GetDirectoryName(Keys), Root, StringComparison.Ordinal))
        {
            File.SetUnixFileMode(Keys, Private);
        }
    }
}
