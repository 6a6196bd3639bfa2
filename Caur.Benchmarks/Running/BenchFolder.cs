namespace Caur.Benchmarks.Running;

/// <summary>A folder that goes when its user is done.</summary>
internal sealed class BenchFolder : IDisposable
{
    /// <summary>Makes one. Its name is short: below it are hubs' folders with sockets in them.</summary>
    public BenchFolder(string parent) => Path = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"caur-bench-{Guid.NewGuid().ToString("n")[..8]}")).FullName;

    public string Path { get; }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that was just ended may still write there; nothing of it is of use to anybody.
        }
    }
}
