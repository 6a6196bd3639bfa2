namespace Caur.Silo.Ssh;

/// <summary>A tunnel's folder for its socket, which nobody else may enter. Its owner holds a file in it for as long as it lives: what a killed
/// one left is removed when the next is made.</summary>
internal sealed class SshFolder : IDisposable
{
    private const string Prefix = "caur-ssh-";
    private const string SocketName = "socket";
    private const string OwnerName = "owner";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream _held;

    private SshFolder(string path, FileStream held) => (Path, _held) = (path, held);

    public string Path { get; }

    public string Socket => System.IO.Path.Combine(Path, SocketName);

    /// <summary>Makes one. A socket's path has room for a hundred characters, and none that ssh would read as something else.</summary>
    public static SshFolder Create()
    {
        var parent = System.IO.Path.GetTempPath();
        if (parent.Length > 50 || parent.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('/' or '.' or '_' or '-')))
        {
            parent = "/tmp";
        }

        RemoveLeftovers(parent);

        // It gets the name that is looked for when it is held.
        var name = $"{Prefix}{Guid.NewGuid():N}";
        var hidden = Directory.CreateDirectory(System.IO.Path.Combine(parent, $".{name}"), Private).FullName;
        var held = new FileStream(System.IO.Path.Combine(hidden, OwnerName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        var path = System.IO.Path.Combine(parent, name);
        Directory.Move(hidden, path);
        return new SshFolder(path, held);
    }

    public void Dispose()
    {
        try
        {
            Remove(Path);
        }
        catch (IOException)
        {
            // Somebody cleans the folder of temporary files too.
        }

        _held.Dispose();
    }

    /// <summary>Leaves it to whoever makes the next.</summary>
    internal void LetGo() => _held.Dispose();

    private static void RemoveLeftovers(string parent)
    {
        foreach (var left in new DirectoryInfo(parent).EnumerateDirectories(Prefix + "*").Where(folder => folder.LinkTarget is null).ToList())
        {
            try
            {
                using var held = new FileStream(System.IO.Path.Combine(left.FullName, OwnerName), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                Remove(left.FullName);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Its owner lives, or it is somebody else's.
            }
        }
    }

    /// <summary>By names, not whatever there is: the parent is everybody's.</summary>
    private static void Remove(string path)
    {
        File.Delete(System.IO.Path.Combine(path, SocketName));
        File.Delete(System.IO.Path.Combine(path, OwnerName));
        Directory.Delete(path);
    }
}
