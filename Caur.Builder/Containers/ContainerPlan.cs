using System.Globalization;
using Caur.Builder.Engines;
using Caur.Builder.Workspaces;
using Caur.Protocol.Builders;

namespace Caur.Builder.Containers;

/// <summary>Everything that decides what one build container is like.</summary>
internal sealed record ContainerPlan
{
    /// <summary>What the build script needs as root: hand files to the builder user, become it, install packages, end what it started.
    /// Not among them: anything that reaches the host's network, devices or kernel.</summary>
    private static readonly string[] Capabilities =
        ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETUID", "SETGID", "SETFCAP", "SYS_CHROOT", "KILL"];

    public required BuildOrder Order { get; init; }

    public required string ImageId { get; init; }

    public required string Builder { get; init; }

    public required string Instance { get; init; }

    public required ContainerOptions Options { get; init; }

    /// <summary>The exit code that the build is told to skip with.</summary>
    public required int SkipCode { get; init; }

    public required TimeSpan Timeout { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>Bytes of output that the engine keeps, for an agent that takes over.</summary>
    public required long KeptOutput { get; init; }

    /// <summary>Mounts, with the host's paths.</summary>
    public required IReadOnlyList<ContainerMount> Mounts { get; init; }

    public required bool IsPodman { get; init; }

    public bool WithUlimits { get; init; } = true;

    /// <summary>The mounts of an attempt.</summary>
    public static IReadOnlyList<ContainerMount> MountsOf(Workspace workspace, AttemptFolder folder, string? sourceCache)
    {
        List<ContainerMount> mounts =
        [
            Bind(folder.Source, "/caur/src", readOnly: true),
            Bind(folder.Order, "/caur/order", readOnly: true),
            Bind(folder.Output, "/caur/out", readOnly: false),
        ];
        if (sourceCache is not null)
        {
            mounts.Add(Bind(sourceCache, "/caur/cache", readOnly: false));
        }

        return mounts;

        ContainerMount Bind(string path, string target, bool readOnly) => new("bind", workspace.OnHost(path), target, readOnly);
    }

    public ContainerCreation ToCreation() => new()
    {
        Image = ImageId,
        Cmd = [.. Options.Command],
        Entrypoint = [],
        User = "root",
        Tty = true,
        Env = [.. Variables().Select(v => $"{v.Key}={v.Value}")],
        Labels = new Dictionary<string, string>
        {
            [ContainerLabels.Build] = Order.Attempt.Build,
            [ContainerLabels.Attempt] = Order.Attempt.Number.ToString(CultureInfo.InvariantCulture),
            [ContainerLabels.Builder] = Builder,
            [ContainerLabels.Instance] = Instance,
            [ContainerLabels.Started] = Now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
        },
        HostConfig = new HostConfiguration
        {
            Mounts = Mounts,
            Memory = Options.MemoryBytes,

            // Equal to the memory: no swap, which would only make a build that outgrew its limit crawl.
            MemorySwap = Options.MemoryBytes,
            CpuPeriod = Options.Cpus is null ? null : 100_000,
            CpuQuota = Options.Cpus is { } cpus ? (long)Math.Max(1000, cpus * 100_000) : null,
            PidsLimit = Options.MaxProcesses,
            CapDrop = ["ALL"],
            CapAdd = Capabilities,
            SecurityOpt = ["no-new-privileges"],
            NetworkMode = Options.Network,

            // podman puts the name into every container itself, and its older versions do not know this word.
            ExtraHosts = IsPodman || Options.Network is "none" or "host" ? null : ["host.docker.internal:host-gateway"],
            LogConfig = IsPodman
                ? new("k8s-file", new Dictionary<string, string> { ["max-size"] = $"{KeptOutput}" })
                : new("local", new Dictionary<string, string> { ["max-size"] = $"{KeptOutput}", ["max-file"] = "1", ["compress"] = "false" }),
            Ulimits = WithUlimits ? [new("nofile", Options.OpenFiles.Soft, Options.OpenFiles.Hard)] : null,
        },
    };

    private SortedDictionary<string, string> Variables()
    {
        var jobs = Math.Max(1, (int)Math.Ceiling(Options.Cpus ?? Environment.ProcessorCount));
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["TERM"] = "xterm-256color",
            ["MAKEFLAGS"] = $"-j{jobs}",
            ["PACKAGER"] = Options.Packager,
        };
        foreach (var (name, value) in Order.Environment)
        {
            variables[name] = value;
        }

        // What names the build is not up to the order's extras.
        variables["CI_CODE_SKIP"] = SkipCode.ToString(CultureInfo.InvariantCulture);
        variables["CAUR_BUILD_ID"] = Order.Attempt.Build;
        variables["CAUR_PKGBASE"] = Order.Pkgbase;
        variables["CAUR_TARGET_REPO"] = Order.TargetRepository;
        variables["CAUR_ARCH"] = Order.Arch;
        variables["CI_PACKAGE_BUMP"] = Order.PackageBump ?? "";
        variables["BUILDER_ALLOW_PROHIBITED"] = Order.AllowProhibited ? "true" : "false";
        variables["BUILDER_HOSTNAME"] = Builder;
        variables["BUILDER_TIMEOUT"] = ((long)Math.Ceiling(Timeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        variables["PACKAGE_REPO_ID"] = Order.SourceRepository;
        // Without a user's name or password: what runs there is not to be trusted with them.
        variables["PACKAGE_REPO_URL"] = Sources.SourceUrl.WithoutUser(Order.SourceUrl);
        return variables;
    }
}
