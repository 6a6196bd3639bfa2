using System.Globalization;
using Caur.Embedded.Storage;
using Caur.Tests.Support;

namespace Caur.Tests.Engine.Durability;

/// <summary>
/// A folder on a small file system that a test fills up. Where none may be mounted (that takes root), SQLite's own limit of the file's size
/// stands in: it gives the same error, though not from the log.
/// </summary>
internal sealed class FullDisk : IAsyncDisposable
{
    private readonly string _filler;

    private FullDisk(string folder, bool isMounted)
    {
        Folder = folder;
        IsMounted = isMounted;
        _filler = Path.Combine(folder, "filler");
    }

    public string Folder { get; }

    /// <summary>Whether it is a file system of its own.</summary>
    public bool IsMounted { get; }

    public static async Task<FullDisk> CreateAsync()
    {
        var folder = Directory.CreateTempSubdirectory("caur-small-").FullName;
        var mounted = Environment.IsPrivilegedProcess
            && (await Processes.RunAsync("mount", ["-t", "tmpfs", "-o", "size=4m", "caur-small", folder])).ExitCode == 0;
        return new FullDisk(folder, mounted);
    }

    /// <summary>Leaves no room for anything.</summary>
    public async Task FillAsync(StateDatabase database)
    {
        if (!IsMounted)
        {
            await database.WriteAsync(static connection => connection.Scalar(string.Create(
                CultureInfo.InvariantCulture, $"PRAGMA max_page_count={connection.Scalar("PRAGMA page_count")}")));
            return;
        }

        await using var filler = new FileStream(_filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var size = 65536; size > 0; size /= 2)
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

    /// <summary>Gives the room back.</summary>
    public async Task FreeAsync(StateDatabase database)
    {
        if (IsMounted)
        {
            File.Delete(_filler);
        }
        else
        {
            await database.WriteAsync(static connection => connection.Scalar("PRAGMA max_page_count=1073741823"));
        }
    }

    /// <summary>Nothing can be written to it from now on.</summary>
    public async Task MakeReadOnlyAsync()
    {
        if (IsMounted)
        {
            (await Processes.RunAsync("mount", ["-o", "remount,ro", Folder])).ExitCode.ShouldBe(0);
            return;
        }

        foreach (var file in Directory.EnumerateFiles(Folder))
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
        }

        File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    public async ValueTask DisposeAsync()
    {
        if (IsMounted)
        {
            (await Processes.RunAsync("umount", [Folder])).ExitCode.ShouldBe(0);
        }
        else
        {
            File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Directory.Delete(Folder, recursive: true);
    }
}
