using System.Collections.Concurrent;
using System.Globalization;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>Entries of as many packages as one likes, each made from an archive of its own.</summary>
internal static class SyntheticRepository
{
    public static TestPackage Package(int number) => new(Name(number), string.Create(CultureInfo.InvariantCulture, $"{(number % 7 == 0 ? "2:" : "")}{number % 13}.{number}-1"))
    {
        Compression = CompressionFormat.None,
        Arch = number % 5 == 0 ? "any" : "x86_64",
        Base = number % 10 == 1 ? Name(number - 1) : null,
        Info = string.Create(CultureInfo.InvariantCulture, $"license = MIT\ndepend = {Name(number / 2)}\ndepend = glibc>=2.{number % 40}\nprovides = virtual-{number % 100}={number}\npkgdesc = Package number {number}, «é»"),
        Files = ["usr/", "usr/bin/", $"usr/bin/tool-{number}", "usr/share/", "usr/share/doc/", $"usr/share/doc/{number}/", $"usr/share/doc/{number}/README"],
    };

    public static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"{"abcdefghijklmnopqrstuvwxyz"[number * 7 % 26]}{(number % 3 == 0 ? "lib" : "")}-pkg{number}{(number % 11 == 0 ? "+x.y_z@" : "")}");

    public static async Task<IReadOnlyList<RepositoryEntry>> EntriesAsync(int count, CancellationToken cancellationToken)
    {
        var entries = new ConcurrentBag<RepositoryEntry>();
        await Parallel.ForAsync(0, count, cancellationToken, async (number, token) =>
        {
            var package = Package(number);
            entries.Add((await RepositoryEntry.FromArchiveAsync(new MemoryStream(package.Build()), package.FileName, cancellationToken: token)).GetRequired());
        });
        return [.. entries];
    }
}
