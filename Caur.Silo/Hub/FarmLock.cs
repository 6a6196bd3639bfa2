namespace Caur.Silo.Hub;

/// <summary>One hub per data folder: two would write the same state and the same repositories. The lock goes with the process, however it
/// ends.</summary>
internal sealed class FarmLock : IDisposable
{
    private readonly FileStream _file;

    private FarmLock(FileStream file) => _file = file;

    /// <summary>The file that is locked.</summary>
    public string Path => _file.Name;

    /// <summary>Takes the folder.</summary>
    /// <exception cref="HubSettingsException">Another hub has it.</exception>
    public static FarmLock Take(string folder)
    {
        var path = System.IO.Path.Combine(folder, "farm.lock");
        try
        {
            return new FarmLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            throw new HubSettingsException($"another farm runs on {folder} (it holds {path}); stop it, or name another folder with --data");
        }
    }

    public void Dispose() => _file.Dispose();
}
