using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;

namespace Caur.Builder.Attempts;

/// <summary>A finished archive and where it lies.</summary>
internal sealed record FoundArchive(ArchiveInfo Info, string Path);

/// <summary>Something in the output folder is not acceptable; the message names it.</summary>
internal sealed class BadOutputException(string message) : Exception(message);

/// <summary>Takes the package archives from the folder that a build container could write to, trusting nothing it finds there.</summary>
internal static partial class ArchiveCollector
{
    private const int NotFollowed = 0x100;
    private const int CurrentFolder = -100;
    private const uint TypeWanted = 1;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xF000;
    private const int RegularFile = 0x8000;

    /// <summary>Lists and hashes the archives, sorted by name. Names that begin with a dot and detached signatures are left alone.</summary>
    /// <exception cref="BadOutputException">A name is none of an archive's, or it is a link, a pipe or empty.</exception>
    public static async Task<IReadOnlyList<FoundArchive>> CollectAsync(string folder, CancellationToken cancellationToken)
    {
        List<FoundArchive> found = [];
        foreach (var path in Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(path);
            if (name.StartsWith('.') || !name.Contains(".pkg.tar", StringComparison.Ordinal) || name.EndsWith(".sig", StringComparison.Ordinal))
            {
                continue;
            }

            if (!ArchiveName().IsMatch(name))
            {
                throw new BadOutputException($"the build left '{name}', which is no legal name of a package archive");
            }

            if (!IsRegularFile(path))
            {
                throw new BadOutputException($"the build left '{name}', which is no regular file");
            }

            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan | FileOptions.Asynchronous);
            if (file.Length == 0)
            {
                throw new BadOutputException($"the build left '{name}', which is empty");
            }

            var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
            found.Add(new(new(name, file.Length, hash), path));
        }

        return found;
    }

    /// <summary>What the container noted of namcap in <c>.caur-namcap</c>; null when there is no such note.</summary>
    public static async Task<string?> NamcapAsync(string folder, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, ".caur-namcap");
        return IsRegularFile(path) && new FileInfo(path).Length <= LinkProtocol.MaxNamcap
            ? Encoding.UTF8.GetString(await File.ReadAllBytesAsync(path, cancellationToken)) is { Length: > 0 } text ? text : null
            : null;
    }

    /// <summary>Looks at the thing itself, not at what a link leads to. Opening would not do: a pipe would wait for a writer.</summary>
    private static bool IsRegularFile(string path)
    {
        var answer = new byte[256];
        return Statx(CurrentFolder, path, NotFollowed, TypeWanted, answer) == 0
            && (BitConverter.ToUInt16(answer, ModeOffset) & TypeMask) == RegularFile;
    }

    // struct statx is the same on all architectures: statx(2).
    [DllImport("libc", EntryPoint = "statx")]
    private static extern int Statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] answer);

    [GeneratedRegex(@"^[A-Za-z0-9@_+][A-Za-z0-9@._+:-]*\.pkg\.tar(\.[a-z0-9]+)?\z")]
    private static partial Regex ArchiveName();
}
