using Caur.Storage.Files;

namespace Caur.Silo.StateTransfer;

/// <summary>Where an export goes: the standard output as it comes, or a file that appears when all of it is there.</summary>
internal sealed class StateFileTarget : IAsyncDisposable
{
    /// <summary>rw-------: what a farm knows is its owner's alone.</summary>
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly AtomicFileWriter? _file;

    private StateFileTarget(Stream stream, AtomicFileWriter? file) => (Stream, _file) = (stream, file);

    public Stream Stream { get; }

    /// <summary>Begins a file, or the output where it is called <c>-</c>.</summary>
    /// <exception cref="StateTransferException">Something else has its name.</exception>
    /// <exception cref="IOException">It cannot be written there.</exception>
    public static async Task<StateFileTarget> OpenAsync(string path, Func<Stream> openOutput, CancellationToken cancellationToken)
    {
        if (path == "-")
        {
            return new StateFileTarget(openOutput(), null);
        }

        await CheckNameAsync(path, cancellationToken);
        var file = AtomicFile.Begin(path, OwnerOnly);
        return new StateFileTarget(file.Stream, file);
    }

    /// <summary>All of it is there, durably.</summary>
    public Task CommitAsync(CancellationToken cancellationToken) => _file?.CommitAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _file?.DisposeAsync() ?? Stream.DisposeAsync();

    /// <summary>An export takes the place of an older one and of nothing else, least of all of the database that it reads or of a device.</summary>
    private static async Task CheckNameAsync(string path, CancellationToken cancellationToken)
    {
        var there = new FileInfo(path);
        if (Directory.Exists(path))
        {
            throw new StateTransferException($"{path} is a folder; name a file in it");
        }

        if (there.LinkTarget is not null)
        {
            throw new StateTransferException($"{path} is a link to {there.LinkTarget}; name a file");
        }

        // A device or a pipe has no length, and is not looked into.
        if (there.Exists && (there.Length == 0 || !await IsExportAsync(path, cancellationToken)))
        {
            throw new StateTransferException($"{path} is there and is no export of a farm's state; name another file, or '-' for the standard output");
        }
    }

    private static async Task<bool> IsExportAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var begin = new byte[64];
        var length = await file.ReadAtLeastAsync(begin, begin.Length, throwOnEndOfStream: false, cancellationToken);
        return begin.AsSpan(0, length).IndexOf("\"caur-state\""u8) > 0;
    }
}
