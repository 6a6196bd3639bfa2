using System.Globalization;
using Caur.Tests.Support;

namespace Caur.Tests.Fire;

/// <summary>A small file system of its own that a test fills up. Only root may mount one.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _filler;

    private SmallDisk(string folder) => (Folder, _filler) = (folder, Path.Combine(folder, "filler"));

    public string Folder { get; }

    public static async Task<SmallDisk> CreateAsync(string folder, int mebibytes)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Requirement.Missing("file systems are mounted by root alone");
        }

        Directory.CreateDirectory(folder);
        var mounted = await Processes.RunAsync("mount", ["-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={mebibytes}m"), "caur-fire", folder]);
        mounted.ExitCode.ShouldBe(0, mounted.ToString());
        return new SmallDisk(folder);
    }

    /// <summary>Leaves no room for anything.</summary>
    public async Task FillAsync()
    {
        await using var filler = new FileStream(_filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var size = 1 << 20; size > 0; size /= 2)
        {
            try
            {
                while (true)
                {
                    await filler.WriteAsync(new byte[size]);
                }
            }
            catch (IOException)
            {
                // Smaller pieces may fit.
            }
        }
    }

    public void Free() => File.Delete(_filler);

    public async ValueTask DisposeAsync() => await CleanUp.AllAsync(() => CleanUp.RunAsync("umount", "--lazy", Folder));
}
