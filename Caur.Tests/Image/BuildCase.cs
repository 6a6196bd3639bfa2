using System.Text.RegularExpressions;
using Caur.Tests.Support;

namespace Caur.Tests.Image;

/// <summary>How a build container ended.</summary>
/// <param name="ExitCode">The container's.</param>
/// <param name="Log">Its output without colours and carriage returns.</param>
/// <param name="Packages">The archives it handed over, by name, sorted.</param>
/// <param name="Version">The version it reported, null if it reported none.</param>
internal sealed record BuildOutcome(int ExitCode, string Log, IReadOnlyList<string> Packages, string? Version);

/// <summary>
/// One run of the image's build script in a container like the agent's: a package folder, an order, and what comes out.
/// The folders are temporary and go with it.
/// </summary>
internal sealed partial class BuildCase : IDisposable
{
    private static readonly string[] Capabilities =
        ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETUID", "SETGID", "SETFCAP", "SYS_CHROOT", "KILL"];

    private readonly string _work = Directory.CreateTempSubdirectory("caur-image-").FullName;
    private readonly List<string> _mounts = [];

    public BuildCase(string pkgbase)
    {
        Pkgbase = pkgbase;
        ContainerName = $"caur-test-{Guid.NewGuid():N}";
        foreach (var folder in new[] { Source, Out, Path.Combine(Order, "keys") })
        {
            Directory.CreateDirectory(folder);
        }
    }

    public string Pkgbase { get; }

    public string ContainerName { get; }

    public string Source => Path.Combine(_work, "src");

    public string Order => Path.Combine(_work, "order");

    public string Out => Path.Combine(_work, "out");

    /// <summary>Seconds; 0 is no limit.</summary>
    public int Limit { get; init; } = 300;

    /// <summary>Variables of the container besides the agent's.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>The engine's network: none, unless a test serves something.</summary>
    public string Network { get; set; } = "none";

    /// <summary>As the engine takes it, with no swap; null is no limit.</summary>
    public string? Memory { get; init; }

    public string Arch { get; init; } = Machine.Arch;

    /// <summary>A build of one of the sample folders.</summary>
    public static BuildCase OfSample(string pkgbase)
    {
        var build = new BuildCase(pkgbase);
        var from = Path.Combine(SourceTree.Samples, pkgbase);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(build.Source, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        return build;
    }

    /// <summary>A build of a package made up here: one file with its name in /usr/share, unless lines say otherwise.</summary>
    public static BuildCase Of(string pkgname, params string[] lines)
    {
        var build = new BuildCase(pkgname);
        build.Write("PKGBUILD", $$"""
            pkgname='{{pkgname}}'
            pkgver=1.0
            pkgrel=1
            pkgdesc='made for a test'
            arch=(any)
            url='https://example.org'
            license=(Apache-2.0)
            package() { install -d "$pkgdir/usr/share"; echo text >"$pkgdir/usr/share/$pkgname"; }
            {{string.Join('\n', lines)}}

            """);
        return build;
    }

    /// <summary>Writes a file of the package folder.</summary>
    public BuildCase Write(string path, string text)
    {
        var file = Path.Combine(Source, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return this;
    }

    /// <summary>Says what the target repository has of this pkgbase.</summary>
    public BuildCase Published(params string[] files)
    {
        File.WriteAllLines(Path.Combine(Order, "published"), files);
        return this;
    }

    /// <summary>Gives the build a repository, and the key it is signed with unless told otherwise.</summary>
    public BuildCase With(SignedRepository repository, bool trusted = true)
    {
        File.WriteAllText(
            Path.Combine(Order, "repositories.conf"),
            $"[{SignedRepository.Name}]\nSigLevel = Required DatabaseRequired\nServer = file:///repository\n");
        if (trusted)
        {
            File.Copy(repository.PublicKey, Path.Combine(Order, "keys", "farm.asc"));
        }

        return Mount(repository.Folder, "/repository:ro");
    }

    /// <summary>Names keyring packages to install first.</summary>
    public BuildCase Keyrings(params string[] urls)
    {
        File.WriteAllLines(Path.Combine(Order, "keyrings"), urls);
        return this;
    }

    public BuildCase Mount(string from, string to)
    {
        _mounts.AddRange(["-v", $"{from}:{to}"]);
        return this;
    }

    /// <summary>Gives a folder of the container a small disk of its own.</summary>
    public BuildCase Small(string folder, string options)
    {
        _mounts.AddRange(["--tmpfs", $"{folder}:exec,{options}"]);
        return this;
    }

    /// <summary>The engine's arguments that run the build; the command comes last.</summary>
    public IReadOnlyList<string> Arguments(ContainerEngine engine, bool detached = false) =>
    [
        "run", .. detached ? new[] { "-dt" } : ["-t", "--rm"], "--name", ContainerName,
        "--cap-drop", "ALL", .. Capabilities.SelectMany(name => new[] { "--cap-add", name }),
        "--security-opt", "no-new-privileges", "--network", Network,
        .. Memory is null ? [] : new[] { "--memory", Memory, "--memory-swap", Memory },
        "-v", $"{Source}:/caur/src:ro", "-v", $"{Order}:/caur/order:ro", "-v", $"{Out}:/caur/out", .. _mounts,
        "-e", $"CAUR_PKGBASE={Pkgbase}", "-e", "CAUR_BUILD_ID=test", "-e", "CAUR_TARGET_REPO=farm", "-e", $"CAUR_ARCH={Arch}",
        "-e", "BUILDER_HOSTNAME=tester", "-e", $"BUILDER_TIMEOUT={Limit}", "-e", "CI_CODE_SKIP=123", "-e", "MAKEFLAGS=-j2",
        "-e", "PACKAGER=Tester <tester@example.org>", "-e", "TERM=xterm-256color",
        .. Environment.SelectMany(variable => new[] { "-e", $"{variable.Key}={variable.Value}" }), engine.BuilderImage, "/usr/lib/caur/build",
    ];

    public async Task<BuildOutcome> RunAsync()
    {
        var engine = await ContainerEngine.RequireAsync();
        try
        {
            return Outcome(await engine.RunAsync(Arguments(engine)));
        }
        catch
        {
            // Otherwise it goes by itself.
            await engine.RunAsync(["rm", "-f", ContainerName]);
            throw;
        }
    }

    public BuildOutcome Outcome(ProcessResult ended)
    {
        var log = Escape().Replace(ended.Output, "").Replace("\r", "", StringComparison.Ordinal) + ended.Error;
        var version = Path.Combine(Out, ".caur-version");
        string[] packages =
        [
            .. Directory.EnumerateFiles(Out).Select(file => Path.GetFileName(file)!).Where(name => !name.StartsWith('.')).Order(StringComparer.Ordinal),
        ];
        return new BuildOutcome(ended.ExitCode, log, packages, File.Exists(version) ? File.ReadAllText(version).Trim() : null);
    }

    public void Dispose() => Directory.Delete(_work, recursive: true);

    [GeneratedRegex(@"\x1b(\[[0-9;?]*[a-zA-Z]|\(B)")]
    private static partial Regex Escape();
}
