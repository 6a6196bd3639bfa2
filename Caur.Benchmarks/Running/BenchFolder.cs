namespace Caur.Benchmarks.Running;

/// <summary>A folder that goes when its user is done.</summary>
internal sealed class BenchFolder : IDisposable
{
    public BenchFolder(string parent) => Path = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"caur-bench-{Guid.NewGuid():n}")).FullName;

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
