using System.Security.Cryptography;
using System.Text;
using Caur.Protocol.Builders;

namespace Caur.Builder.Workspaces;

/// <summary>The folder an agent works in. It belongs to one agent process at a time, and keeps the instance's id over restarts.</summary>
internal sealed class Workspace : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int MostAgents = 100;
    private readonly string _root;
    private readonly string _hostRoot;
    private readonly FileStream _lock;

    private Workspace(string root, string hostRoot, FileStream held, string instance) =>
        (_root, _hostRoot, _lock, Instance) = (root, hostRoot, held, instance);

    /// <summary>Which agent of its name this is: 12 hexadecimal digits, made at the first start.</summary>
    public string Instance { get; }

    /// <summary>Where the source repositories are kept.</summary>
    public string Sources => Path.Combine(_root, "sources");

    private string Attempts => Path.Combine(_root, "attempts");

    private string Downloads => Path.Combine(_root, "srcdest");

    /// <exception cref="InvalidOperationException">Another agent works in this folder, or it cannot be used.</exception>
    public static Workspace Open(string root, string? hostRoot)
    {
        try
        {
            Directory.CreateDirectory(root);
            foreach (var part in (string[])["sources", "attempts", "srcdest"])
            {
                File.SetUnixFileMode(Directory.CreateDirectory(Path.Combine(root, part)).FullName, Private);
            }

            var held = new FileStream(Path.Combine(root, "agent.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new Workspace(root, hostRoot ?? root, held, InstanceOf(root));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException(
                $"The builder's workspace {root} cannot be used: {error.Message} Each agent needs a writable folder of its own.", error);
        }
    }

    /// <summary>Opens the folder, or, when another agent has it, the first that is free of <c>agents/2</c>, <c>agents/3</c>, ... in it.</summary>
    /// <exception cref="InvalidOperationException">None can be used.</exception>
    public static Workspace OpenShared(string root, string? hostRoot)
    {
        for (var number = 1; ; number++)
        {
            var below = number == 1 ? "" : Path.Combine("agents", number.ToString(System.Globalization.CultureInfo.InvariantCulture));
            try
            {
                return Open(Path.Combine(root, below), hostRoot is null ? null : Path.Combine(hostRoot, below));
            }
            catch (InvalidOperationException error) when (number < MostAgents && error.InnerException is IOException && IsTaken(Path.Combine(root, below)))
            {
                // The next one.
            }
        }
    }

    private static bool IsTaken(string folder)
    {
        try
        {
            using var held = new FileStream(Path.Combine(folder, "agent.lock"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return false;
        }
        catch (Exception error) when (error is IOException and not (FileNotFoundException or DirectoryNotFoundException))
        {
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>A name for the attempt that is safe as a folder and as a container's name, and different for every attempt.</summary>
    public static string KeyOf(AttemptRef attempt)
    {
        // target/arch/pkgbase/timestamp: the third part is for people, the hash makes it unique.
        var parts = attempt.Build.Split('/');
        var pkgbase = parts.Length >= 3 ? parts[2] : attempt.Build;
        var shown = string.Concat(pkgbase.Take(60).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_'));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(attempt.ToString())))[..12];
        return $"{hash}-{attempt.Number}-{shown}";
    }

    public AttemptFolder Folder(AttemptRef attempt) => new(Path.Combine(Attempts, KeyOf(attempt)));

    /// <summary>Every attempt folder there is.</summary>
    public IReadOnlyList<AttemptFolder> Folders() => [.. Directory.EnumerateDirectories(Attempts).Select(path => new AttemptFolder(path))];

    /// <summary>Where a package's downloaded sources are kept between builds; made when absent.</summary>
    public string SourceCache(string targetRepository, string pkgbase, DateTimeOffset now)
    {
        var path = Path.Combine(Downloads, targetRepository, pkgbase);
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)0x1FF);
        Directory.SetLastWriteTimeUtc(path, now.UtcDateTime);
        return path;
    }

    /// <summary>Removes downloaded sources that no build has used since <paramref name="before"/>.</summary>
    public void RemoveSourcesUnusedSince(DateTimeOffset before)
    {
        foreach (var package in Directory.EnumerateDirectories(Downloads).SelectMany(Directory.EnumerateDirectories).ToList())
        {
            if (Directory.GetLastWriteTimeUtc(package) < before.UtcDateTime)
            {
                Directory.Delete(package, recursive: true);
            }
        }
    }

    /// <summary>The path as the container engine sees it.</summary>
    public string OnHost(string path) => Path.Combine(_hostRoot, Path.GetRelativePath(_root, path));

    public void Dispose() => _lock.Dispose();

    private static string InstanceOf(string root)
    {
        var file = Path.Combine(root, "instance");
        if (File.Exists(file) && File.ReadAllText(file).Trim() is { Length: 12 } known && known.All(char.IsAsciiHexDigitLower))
        {
            return known;
        }

        var made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        File.WriteAllText(file + ".new", made + "\n");
        File.Move(file + ".new", file, overwrite: true);
        return made;
    }
}
