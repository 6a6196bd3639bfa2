using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>The schemas of Kubernetes and of the Prometheus operator, which come from npm's registry with the hashes of the lock file, into a folder that
/// later runs find again.</summary>
internal static class SchemaCheck
{
    private static readonly TimeSpan InstallWithin = TimeSpan.FromMinutes(1);

    private static string Sources => Path.Combine(SourceTree.Root, "Caur.Tests", "Deploy", "Kubernetes", "Schemas");

    /// <summary>What is wrong with each of these objects, fields that there are not included.</summary>
    public static async Task<IReadOnlyList<string[]>> ProblemsAsync(IEnumerable<JsonObject> objects)
    {
        var installed = await InstallAsync();
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["objects.json"], JsonSerializer.Serialize(objects), TestContext.Current.CancellationToken);
        var run = await Processes.RunAsync("node", [Path.Combine(Sources, "validate.cjs"), installed, folder["objects.json"]]);
        run.ExitCode.ShouldBe(0, run.ToString());
        return JsonSerializer.Deserialize<string[][]>(run.Output)!;
    }

    private static async Task<string> InstallAsync()
    {
        Requirement.Program("node");
        Requirement.Program("npm");
        var key = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Sources, "package-lock.json"), TestContext.Current.CancellationToken)))[..12];
        var folder = Path.Combine(Path.GetTempPath(), $"caur-kubernetes-schemas-{Environment.UserName}-{key}");
        if (Directory.Exists(folder))
        {
            return folder;
        }

        // Whole or not at all, also where two test runs begin at the same time.
        var fresh = Directory.CreateDirectory($"{folder}.{Guid.NewGuid():n}").FullName;
        foreach (var name in (string[])["package.json", "package-lock.json"])
        {
            File.Copy(Path.Combine(Sources, name), Path.Combine(fresh, name));
        }

        var fetched = await Processes.RunAsync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier"], InstallWithin, folder: fresh);
        if (fetched.ExitCode != 0)
        {
            Directory.Delete(fresh, recursive: true);
            Requirement.Missing($"npm cannot fetch the schemas: {fetched.Error.Trim()}");
        }

        try
        {
            Directory.Move(fresh, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            Directory.Delete(fresh, recursive: true);
        }

        return folder;
    }
}
