namespace Caur.Silo.StateTransfer;

/// <summary>A state file that can be read more than once: what comes through a pipe is kept in a file without a name until then.</summary>
internal sealed class StateFileSource : IAsyncDisposable
{
    private readonly Stream _stream;

    private StateFileSource(Stream stream, string name) => (_stream, Name) = (stream, name);

    /// <summary>What it is called in messages.</summary>
    public string Name { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Which; <c>-</c> is the standard input.</param>
    /// <param name="openInput">Opens that.</param>
    /// <param name="cancellationToken">Ends the wait for a pipe's end.</param>
    /// <exception cref="StateTransferException">There is none.</exception>
    /// <exception cref="IOException">It cannot be read, or not be kept.</exception>
    public static async Task<StateFileSource> OpenAsync(string path, Func<Stream> openInput, CancellationToken cancellationToken)
    {
        var name = path == "-" ? "the standard input" : path;
        if (path != "-" && Directory.Exists(path))
        {
            throw new StateTransferException($"{path} is a folder, and a file is wanted that 'caur state export' wrote");
        }

        var stream = path == "-" ? openInput() : Open(path);
        return new StateFileSource(stream.CanSeek ? stream : await KeepAsync(stream, cancellationToken), name);
    }

    /// <summary>Reads from the beginning.</summary>
    public StateFileReader Read()
    {
        _stream.Position = 0;
        return new StateFileReader(_stream, Name);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StateTransferException($"there is no file {path}", error);
        }
    }

    private static async Task<Stream> KeepAsync(Stream pipe, CancellationToken cancellationToken)
    {
        await using var from = pipe;
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var kept = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
        try
        {
            // From here on it goes with the process, however that ends.
            File.Delete(path);
            await from.CopyToAsync(kept, cancellationToken);
            return kept;
        }
        catch
        {
            await kept.DisposeAsync();
            throw;
        }
    }
}
