using Caur.Pacman;
using Caur.Tests.Pacman;

namespace Caur.Tests.Pipelines.Schedules;

/// <summary>Databases of a repository whose versions are followed.</summary>
internal static class FollowedDatabases
{
    /// <summary>The bytes of one with these packages.</summary>
    public static async Task<byte[]> WriteAsync(params (string Name, string Version)[] packages)
    {
        var entries = new List<RepositoryEntry>();
        foreach (var (name, version) in packages)
        {
            var package = new TestPackage(name, version) { Compression = CompressionFormat.None };
            entries.Add((await RepositoryEntry.FromArchiveAsync(
                new MemoryStream(package.Build()), package.FileName, cancellationToken: TestContext.Current.CancellationToken)).GetRequired());
        }

        return await ReferenceRepository.WriteAsync(RepositoryDatabase.Empty.With(entries, []), DatabaseKind.Packages);
    }
}
