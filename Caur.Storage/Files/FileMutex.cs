namespace Caur.Storage.Files;

/// <summary>Lets one process at a time change something in the data folder: the hub, and <c>caur</c> verbs that work beside it. An advisory
/// lock on a file of its own, which goes with the process however it ends.</summary>
public sealed class FileMutex : IDisposable
{
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(5);

    /// <summary>What is done under the lock takes milliseconds; a disk that hangs is somebody else's news.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Whoever can open the file can lock it, and with that hold up everybody else's writes.</summary>
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>EWOULDBLOCK, which the framework keeps in its sharing violation.</summary>
    private const int WouldBlock = 11;

    private readonly FileStream _file;

    private FileMutex(FileStream file) => _file = file;

    /// <summary>Waits for the lock and takes it. Not reentrant, also not within a process.</summary>
    /// <param name="path">The file that is locked; it is made where it is missing, and stays.</param>
    /// <param name="clock">Measures the wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The file cannot be opened, or another process held it for 20 seconds.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not open it.</exception>
    public static Task<FileMutex> TakeAsync(string path, TimeProvider clock, CancellationToken cancellationToken) =>
        TakeAsync(path, clock, isPatient: false, waits: null, cancellationToken);

    /// <summary>Waits for the lock however long another holds it, and takes it: for work that lasts. Not reentrant, also not within a
    /// process.</summary>
    /// <param name="path">The file that is locked; it is made where it is missing, and stays.</param>
    /// <param name="clock">Measures the wait.</param>
    /// <param name="waits">Is called once when another holds it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The file could not be opened for 20 seconds for another reason than the lock.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not open it.</exception>
    public static Task<FileMutex> TakePatientlyAsync(string path, TimeProvider clock, Action? waits, CancellationToken cancellationToken) =>
        TakeAsync(path, clock, isPatient: true, waits, cancellationToken);

    private static async Task<FileMutex> TakeAsync(
        string path, TimeProvider clock, bool isPatient, Action? waits, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            try
            {
                var isNew = !File.Exists(path);
                var file = new FileStream(path, new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    Share = FileShare.None,
                    BufferSize = 0,
                    UnixCreateMode = Mode,
                });
                if (isNew)
                {
                    FileOwner.Inherit(path);
                }

                return new FileMutex(file);
            }
            catch (IOException held) when (held is not (DirectoryNotFoundException or FileNotFoundException)
                && !DiskSpace.IsFull(held)
                && ((isPatient && held.HResult == WouldBlock) || clock.GetElapsedTime(started) < Patience))
            {
                waits?.Invoke();
                waits = null;
                await Task.Delay(AskAgainAfter, clock, cancellationToken);
            }
        }
    }

    /// <summary>Takes the lock when nobody has it, on a file that goes with the lock: for locks of which there are many. Where a process
    /// was killed the file stays, locked by nobody.</summary>
    /// <param name="path">The file that is locked, here and in every process by this method only; its folder must exist.</param>
    /// <returns>Null when somebody has it.</returns>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not open it.</exception>
    public static FileMutex? TryTakePassing(string path)
    {
        try
        {
            // The framework removes the name before it unlocks, and having locked looks whether the name still leads to what it locked.
            return new FileMutex(new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                BufferSize = 0,
                Options = FileOptions.DeleteOnClose,
                UnixCreateMode = Mode,
            }));
        }
        catch (IOException held) when (held.HResult == WouldBlock)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
