namespace Caur.Storage.Files;

/// <summary>Whose files are. A verb that root runs on a farm's data folder must not leave files there that the farm's own user cannot
/// open.</summary>
public static class FileOwner
{
    /// <summary>Gives a file to the owner of its folder, where this user may; otherwise it stays as it is.</summary>
    public static void Inherit(string path)
    {
        if (Environment.IsPrivilegedProcess && Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Libc.TryInheritOwner(path, folder);
        }
    }
}
