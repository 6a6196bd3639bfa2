using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Caur.Storage.Files;

/// <summary>The few system calls that the framework does not offer as they are.</summary>
internal static partial class Libc
{
    public const int Exdev = 18;
    public const int Eexist = 17;
    public const int Eacces = 13;
    public const int Enospc = 28;
    public const int Emlink = 31;
    public const int Eperm = 1;
    public const int Enotsup = 95;
    public const int Edquot = 122;

    private const int CurrentFolder = -100;
    private const int NotFollowed = 0x100;
    private const uint TypeWanted = 1;
    private const uint LinksWanted = 4;
    private const uint OwnerWanted = 0x8 | 0x10;
    private const uint IdentityWanted = 0x100 | 0x800;
    private const int HandleItself = 0x1000;
    private const int UserOffset = 20;
    private const int GroupOffset = 24;
    private const int ModeOffset = 28;
    private const int InodeOffset = 32;
    private const int BirthOffset = 80;
    private const int BirthBytes = 12;
    private const int DeviceOffset = 136;
    private const int DeviceBytes = 8;
    private const int TypeMask = 0xF000;
    private const int RegularFile = 0x8000;
    private const int StatxBytes = 256;
    private const short PollIn = 1;
    private const int OpenReadOnly = 0;
    private const int OpenCloseOnExec = 0x80000;
    private const int OpenWithoutWaiting = 0x800;
    private const int LinksOffset = 16;
    private const int NoEntry = 2;

    /// <summary>O_NOFOLLOW, which not all architectures number the same: fcntl(2).</summary>
    private static readonly int OpenNotFollowed = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>rename(2): unlike <see cref="File.Move(string, string, bool)"/> it also moves links to folders, and replaces in one step.</summary>
    public static void Rename(string from, string to)
    {
        if (RenameCore(from, to) != 0)
        {
            throw Error("rename", $"{from} to {to}");
        }
    }

    /// <summary>link(2). Returns 0 or the errno: callers decide on EXDEV and EEXIST.</summary>
    public static int TryLink(string existing, string added) => LinkCore(existing, added) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>fsync(2) of a folder: makes renames and new names in it durable.</summary>
    public static void SyncFolder(string folder) => Sync(folder, FsyncCore, "fsync");

    /// <summary>syncfs(2): makes durable what was written to any file of the file system that a folder lies in.</summary>
    public static void SyncFileSystem(string folder) => Sync(folder, SyncfsCore, "syncfs");

    private static void Sync(string folder, Func<int, int> sync, string call)
    {
        var descriptor = OpenCore(folder, OpenReadOnly | OpenCloseOnExec);
        if (descriptor < 0)
        {
            throw Error("open", folder);
        }

        try
        {
            var started = Stopwatch.GetTimestamp();
            if (sync(descriptor) != 0)
            {
                throw Error(call, folder);
            }

            FileSync.FolderSynced(started);
        }
        finally
        {
            _ = CloseCore(descriptor);
        }
    }

    /// <summary>True for a plain file: looks at the thing itself, not at what a link leads to. Opening would not do: a pipe would wait for
    /// a writer.</summary>
    public static bool IsRegularFile(string path) => TypeOf(path) == RegularFile;

    /// <summary>The type of the thing itself, as in st_mode; null when there is none, or this user may not look.</summary>
    private static int? TypeOf(string path)
    {
        Span<byte> answer = stackalloc byte[StatxBytes];
        return StatxCore(CurrentFolder, path, NotFollowed, TypeWanted, answer) == 0 ? BitConverter.ToUInt16(answer[ModeOffset..]) & TypeMask : null;
    }

    /// <summary>Opens for reading what somebody else made: a plain file under one name. It does not follow a link, and waits for nobody.</summary>
    /// <param name="path">The file; its folder is trusted.</param>
    /// <param name="isThere">Whether there is anything.</param>
    /// <returns>Null when there is nothing, or another thing.</returns>
    /// <exception cref="UnauthorizedAccessException">It is a plain file that this user may not read, or lies where this user may not look.</exception>
    /// <exception cref="IOException">It is a plain file, or nobody knows what, and cannot be opened.</exception>
    public static SafeFileHandle? OpenPlain(string path, out bool isThere)
    {
        var descriptor = OpenCore(path, OpenReadOnly | OpenCloseOnExec | OpenWithoutWaiting | OpenNotFollowed);
        var code = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        isThere = code != NoEntry;
        if (descriptor < 0)
        {
            // Where nobody may look, nothing is known of what is there.
            return !isThere || TypeOf(path) is not (null or RegularFile) ? null
                : code == Eacces ? throw new UnauthorizedAccessException($"{path} is not this user's to read")
                : throw new IOException($"open of {path}: {Marshal.GetPInvokeErrorMessage(code)}", code);
        }

        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        Span<byte> answer = stackalloc byte[StatxBytes];
        if (StatxCore(descriptor, "", HandleItself, TypeWanted | LinksWanted, answer) == 0
            && (BitConverter.ToUInt16(answer[ModeOffset..]) & TypeMask) == RegularFile && BitConverter.ToUInt32(answer[LinksOffset..]) == 1)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Device, inode and time of birth of an open file: a file that takes its name, and later its inode, has another one.</summary>
    public static FileIdentity Identify(SafeHandle file)
    {
        var counted = false;
        try
        {
            file.DangerousAddRef(ref counted);
            Span<byte> answer = stackalloc byte[StatxBytes];
            return StatxCore((int)file.DangerousGetHandle(), "", HandleItself, IdentityWanted, answer) == 0
                ? new FileIdentity(
                    BitConverter.ToUInt64(answer.Slice(DeviceOffset, DeviceBytes)),
                    BitConverter.ToUInt64(answer[InodeOffset..]),
                    BitConverter.ToInt64(answer[BirthOffset..]),
                    BitConverter.ToUInt32(answer.Slice(BirthOffset + BirthBytes - sizeof(uint), sizeof(uint))))
                : throw Error("statx", "an open file");
        }
        finally
        {
            if (counted)
            {
                file.DangerousRelease();
            }
        }
    }

    /// <summary>chown(2) to the owner and group of another thing; false when one of the calls was refused.</summary>
    public static bool TryInheritOwner(string path, string from)
    {
        Span<byte> answer = stackalloc byte[StatxBytes];
        return StatxCore(CurrentFolder, from, 0, OwnerWanted, answer) == 0
            && ChownCore(path, BitConverter.ToUInt32(answer[UserOffset..]), BitConverter.ToUInt32(answer[GroupOffset..])) == 0;
    }

    /// <summary>True when a read of a pipe would return at once: with bytes, or with the end.</summary>
    public static bool IsReadable(SafeHandle pipe)
    {
        var counted = false;
        try
        {
            pipe.DangerousAddRef(ref counted);
            var poll = new PollDescriptor { Descriptor = (int)pipe.DangerousGetHandle(), Events = PollIn };
            return PollCore(ref poll, 1, 0) == 1;
        }
        finally
        {
            if (counted)
            {
                pipe.DangerousRelease();
            }
        }
    }

    /// <summary>True when the exception says that the file system or the quota is full.</summary>
    public static bool IsNoSpace(IOException error) =>
        error.HResult is Enospc or Edquot or unchecked((int)0x80070070) or unchecked((int)0x80070027);

    private static IOException Error(string call, string what)
    {
        var code = Marshal.GetLastPInvokeError();
        return new IOException($"{call} of {what}: {Marshal.GetPInvokeErrorMessage(code)}", code);
    }

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameCore(string from, string to);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkCore(string existing, string added);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCore(string path, int flags);

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChownCore(string path, uint user, uint group);

    // struct statx is the same on all architectures: statx(2).
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatxCore(int folder, string path, int flags, uint mask, Span<byte> answer);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncCore(int descriptor);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncfsCore(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseCore(int descriptor);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int PollCore(ref PollDescriptor descriptors, nuint count, int timeoutMilliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Results;
    }
}
