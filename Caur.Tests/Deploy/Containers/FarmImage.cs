using System.Text.Json;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Containers;

/// <summary>The image of deploy/Containerfile, made by <c>./caur image --farm</c> with the caur that these tests run, and gone with them. A bundle
/// has the same files and an executable of its own; to compile one takes a minute.</summary>
public sealed class FarmImage : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private ContainerEngine? _engine;

    internal ContainerEngine Engine => _engine!;

    public string Name { get; } = $"localhost/caur-test:{Guid.NewGuid():N}";

    public async ValueTask InitializeAsync()
    {
        _engine = await ContainerEngine.RequireAsync();
        var bundle = _folder["caur"];
        await CopyProgramAsync(bundle);
        await CopyRuntimeAsync(Path.Combine(bundle, "dotnet"));
        var made = await Processes.RunAsync(
            Path.Combine(SourceTree.Root, "caur"),
            ["image", "--farm", "--bundle", bundle, "--tag", Name],
            environment: new Dictionary<string, string> { ["CAUR_SETUP"] = "never", ["DOCKER_HOST"] = $"unix://{_engine.SocketPath}" });
        made.ExitCode.ShouldBe(0, made.ToString());
        made.Output.Trim().ShouldBe(Name);
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
        {
            await _engine.CleanUpAsync(["rmi", "--force", Name]);
        }

        _folder.Dispose();
    }

    /// <summary>What caur.deps.json names, and not what else the tests have beside it.</summary>
    private static async Task CopyProgramAsync(string bundle)
    {
        Directory.CreateDirectory(bundle);
        await using var deps = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "caur.deps.json"));
        using var document = await JsonDocument.ParseAsync(deps);
        var names = document.RootElement.GetProperty("targets").EnumerateObject().SelectMany(static target => target.Value.EnumerateObject())
            .Where(static library => library.Value.TryGetProperty("runtime", out _))
            .SelectMany(static library => library.Value.GetProperty("runtime").EnumerateObject().Select(static file => Path.GetFileName(file.Name)));
        foreach (var name in names.Concat(["caur.deps.json", "caur.runtimeconfig.json"]).Distinct())
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, name), Path.Combine(bundle, name));
        }

        var program = Path.Combine(bundle, "caur");
        await File.WriteAllTextAsync(program, "#!/bin/sh\nexec /opt/caur/dotnet/dotnet exec /opt/caur/caur.dll \"$@\"\n");
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
    }

    /// <summary>The runtime that runs these tests.</summary>
    private static async Task CopyRuntimeAsync(string to)
    {
        var root = Path.GetDirectoryName(new FileInfo(Environment.ProcessPath!).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Environment.ProcessPath!)!;
        var version = Path.GetFileName(Path.GetDirectoryName(typeof(object).Assembly.Location)!);
        var asp = Path.GetFileName(Path.GetDirectoryName(typeof(Microsoft.AspNetCore.Builder.WebApplication).Assembly.Location)!);
        Directory.CreateDirectory(to);
        foreach (var path in (string[])["dotnet", "host", $"shared/Microsoft.NETCore.App/{version}", $"shared/Microsoft.AspNetCore.App/{asp}"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(to, path))!);
            (await Processes.RunAsync("cp", ["--recursive", Path.Combine(root, path), Path.Combine(to, path)])).ExitCode.ShouldBe(0);
        }

        (await Processes.RunAsync("chmod", ["--recursive", "a+rX", to])).ExitCode.ShouldBe(0);
    }
}
