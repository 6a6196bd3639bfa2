using Microsoft.Win32.SafeHandles;

namespace Caur.Storage.Files;

/// <summary>Which file an open one is, whatever its name.</summary>
/// <param name="Device">Its file system.</param>
/// <param name="Inode">Its number there.</param>
/// <param name="BornSeconds">When it was made, in seconds since 1970; 0 where the file system does not keep that.</param>
/// <param name="BornNanoseconds">The rest of it.</param>
public readonly record struct FileIdentity(ulong Device, ulong Inode, long BornSeconds, uint BornNanoseconds)
{
    /// <summary>Asks the system.</summary>
    /// <exception cref="IOException">It does not say.</exception>
    public static FileIdentity Of(SafeFileHandle file) => Libc.Identify(file);
}
