namespace Caur.Silo.Hub;

/// <summary>One hub per data folder: two would write the same state and the same repositories. Processes of a cluster share theirs, and keep each
/// other from writing the same by their grains. The lock goes with the process, however it ends.</summary>
internal sealed class FarmLock : IDisposable
{
    private readonly FileStream _file;

    private FarmLock(FileStream file) => _file = file;

    /// <summary>The file that is locked.</summary>
    public string FileName => _file.Name;

    /// <summary>Takes the folder.</summary>
    /// <exception cref="HubSettingsException">Another hub has it.</exception>
    public static FarmLock Take(string folder)
    {
        var path = Path.Combine(folder, "farm.lock");
        try
        {
            return new FarmLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            throw new HubSettingsException($"another farm runs on {folder} (it holds {path}); stop it, or name another folder with --data");
        }
    }

    /// <summary>Shares the folder with other processes of a cluster.</summary>
    /// <exception cref="HubSettingsException">A hub that is alone has it.</exception>
    public static FarmLock Share(string folder)
    {
        var path = Path.Combine(folder, "farm.lock");
        try
        {
            using (new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
            {
                // Only there can it be shared.
            }

            return new FarmLock(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read));
        }
        catch (IOException)
        {
            throw new HubSettingsException($"a farm with the embedded engine runs on {folder} (it holds {path}); stop it, or name another folder with --data");
        }
    }

    public void Dispose() => _file.Dispose();
}
