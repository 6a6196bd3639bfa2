namespace Caur.Storage.Files;

/// <summary>A file that is being written and has no name yet. Disposing it without a commit removes it.</summary>
public sealed class AtomicFileWriter : IAsyncDisposable
{
    private readonly string _temporary;
    private readonly FileStream _stream;
    private bool _committed;

    internal AtomicFileWriter(string path, string temporary, UnixFileMode mode, long expectedSize)
    {
        Path = path;
        _temporary = temporary;
        try
        {
            _stream = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                PreallocationSize = expectedSize,
            });
            // Not UnixCreateMode: the umask of whoever started the process must not hide files from a web server.
            File.SetUnixFileMode(_stream.SafeFileHandle, mode);
        }
        catch (IOException error)
        {
            File.Delete(temporary);
            // The framework refuses to reserve space without an errno: give it the one that says why.
            const int Unspecific = unchecked((int)0x80131620);
            throw expectedSize > 0 && error.HResult == Unspecific ? new IOException(error.Message, Libc.Enospc) : error;
        }
    }

    /// <summary>The final name.</summary>
    public string Path { get; }

    /// <summary>Where the content goes. Unbuffered: write in large pieces.</summary>
    public Stream Stream => _stream;

    /// <summary>Gives it to the owner of its folder (<see cref="FileOwner"/>), so that it never appears as somebody else's.</summary>
    public void InheritOwner() => FileOwner.Inherit(_temporary);

    /// <summary>Syncs the content and lets the file appear under its final name, durably.</summary>
    /// <param name="cancellationToken">Ends the wait before the file appears.</param>
    /// <param name="syncFolder">False when the caller syncs the folder once for many files: until then the name is not durable.</param>
    /// <exception cref="IOException">The file did not appear.</exception>
    public async Task CommitAsync(CancellationToken cancellationToken, bool syncFolder = true)
    {
        await _stream.FlushAsync(cancellationToken);
        // Syncing blocks for as long as the disk takes, and the caller may be a turn.
        await Task.Run(
            () =>
            {
                FileSync.OfFile(_stream.SafeFileHandle);
                Libc.Rename(_temporary, Path);
                _committed = true;
                if (syncFolder)
                {
                    Libc.SyncFolder(System.IO.Path.GetDirectoryName(_temporary)!);
                }
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        if (!_committed)
        {
            File.Delete(_temporary);
        }
    }
}
