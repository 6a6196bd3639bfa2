using Microsoft.Win32.SafeHandles;

namespace Caur.Silo.Web;

/// <summary>A file of the cache while it is written. Others may read it from the beginning on as it grows; it goes when it is not committed.</summary>
internal sealed class PartFile : IDisposable
{
    private readonly DiskCache _cache;
    private readonly string _key;
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private bool _kept;

    internal PartFile(DiskCache cache, string key, string path)
    {
        (_cache, _key, _path) = (cache, key, path);
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, FileOptions.Asynchronous);
    }

    /// <summary>How many bytes are in it.</summary>
    public long Length { get; private set; }

    /// <exception cref="IOException">There is no room.</exception>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await RandomAccess.WriteAsync(_file, bytes, Length, cancellationToken);
        Length += bytes.Length;
        _cache.Grow(bytes.Length);
    }

    /// <summary>Reads what was appended.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> bytes, long offset, CancellationToken cancellationToken) =>
        RandomAccess.ReadAsync(_file, bytes, offset, cancellationToken);

    /// <summary>Keeps it. It can still be read here.</summary>
    /// <exception cref="IOException">It cannot be kept.</exception>
    public void Commit(Dictionary<string, string[]> headers)
    {
        _cache.Keep(_key, _path, Length, headers);
        _kept = true;
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!_kept)
        {
            _cache.Grow(-Length);
            Delete();
        }
    }

    private void Delete()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next start sweeps it.
        }
    }
}
