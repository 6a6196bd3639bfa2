using System.Globalization;
using System.Runtime.InteropServices;
using Caur.Builder.Attempts;
using Caur.Builder.Containers;
using Caur.Builder.Engines;
using Caur.Builder.Images;
using Caur.Builder.Logs;
using Caur.Builder.Sources;
using Microsoft.Extensions.Options;

namespace Caur.Builder;

/// <summary>What one agent is and how it works.</summary>
public sealed class BuilderOptions
{
    /// <summary>The builder's name, the manual's <c>BUILDER_HOSTNAME</c>. Default: the machine's name.</summary>
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>A number, or a name that builds may ask for; the manual's <c>BUILDER_CLASS</c>. Default: 2.</summary>
    public string Class { get; set; } = "2";

    /// <summary>What it can build for, as pacman names it. Default: the machine's own.</summary>
    public IList<string> Architectures { get; set; } =
        [RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64"];

    /// <summary>Free words that a build may ask for. Default: none.</summary>
    public IList<string> Labels { get; set; } = [];

    /// <summary>How many builds run at the same time. Default: 1.</summary>
    public int Slots { get; set; } = 1;

    /// <summary>Where the agent works, as this process sees it. One agent per folder. Default: <c>/var/lib/caur/builder</c>.</summary>
    public string Workspace { get; set; } = "/var/lib/caur/builder";

    /// <summary>The same folder as the container engine sees it, when this process itself runs in a container; the manual's
    /// <c>SHARED_PATH</c>. Default: the same path.</summary>
    public string? HostWorkspace { get; set; }

    /// <summary>Whether other agents work below the same folder, as the manual's containers do that share theirs: then one that finds it taken works
    /// in a folder of its own in it, always the same as long as it is free. Default: no.</summary>
    public bool SharesWorkspace { get; set; }

    /// <summary>After how many builds the agent ends; 0 for never. Default: 0.</summary>
    public int Builds { get; set; }

    /// <summary>How often work is asked for without having been told of any; shortened at random by up to a half. Default: 5 s.</summary>
    public TimeSpan TakeEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a call to the session may take before it is repeated; uploads have their own. Default: 30 s.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long containers go on after their lease ended without word from the control plane. Their attempts are fenced by
    /// number, so this costs at most work done twice, while ending early throws hours away when a hub is only being upgraded.
    /// Default: 5 minutes.</summary>
    public TimeSpan LeaseGrace { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>For how long a control plane that refuses this builder is asked again before what runs here is ended: it may take the agent's
    /// own last link for another agent's until it has noticed that link's end. Default: 15 s, three times what that takes.</summary>
    public TimeSpan RefusalGrace { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>What happens to running builds when the agent ends. Default: <see cref="ShutdownMode.HandBack"/>.</summary>
    public ShutdownMode Shutdown { get; set; } = ShutdownMode.HandBack;

    /// <summary>How long the agent may take to end; the host's own limit must be longer. Default: 25 s.</summary>
    public TimeSpan ShutdownBudget { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>The way to the container engine.</summary>
    public EngineOptions Engine { get; set; } = new();

    /// <summary>When images are pulled.</summary>
    public ImageOptions Images { get; set; } = new();

    /// <summary>How source repositories are fetched.</summary>
    public SourceOptions Sources { get; set; } = new();

    /// <summary>What build containers are like.</summary>
    public ContainerOptions Containers { get; set; } = new();

    /// <summary>How attempts are run and ended.</summary>
    public AttemptOptions Attempts { get; set; } = new();

    /// <summary>How the output of builds travels.</summary>
    public LogOptions Logs { get; set; } = new();

    /// <summary>Takes what the manual's environment variables and the farm's own say, and leaves the rest as it is.</summary>
    /// <exception cref="FormatException">A number is none.</exception>
    public void ReadEnvironment(Func<string, string?> variable)
    {
        Name = Value("BUILDER_HOSTNAME") ?? Name;
        Class = Value("BUILDER_CLASS") ?? Class;
        if (Value("SHARED_PATH") is { } shared)
        {
            // In the manual's container the shared folder is mounted at /shared; an agent without a container sees it where it is.
            HostWorkspace = shared;
            Workspace = Directory.Exists("/shared") ? "/shared" : shared;
        }

        if (Value("BUILDER_LIMITS_CPUS") is { } cpus)
        {
            Containers.Cpus = double.Parse(cpus, CultureInfo.InvariantCulture);
        }

        if (Value("BUILDER_LIMITS_RAM") is { } mebibytes)
        {
            Containers.MemoryBytes = long.Parse(mebibytes, CultureInfo.InvariantCulture) * 1024 * 1024;
        }

        if (Value("BUILDER_TIMEOUT") is { } seconds)
        {
            Attempts.TimeoutAtLeast = TimeSpan.FromSeconds(long.Parse(seconds, CultureInfo.InvariantCulture));
        }

        if (Value("CI_CODE_SKIP") is { } skip)
        {
            Attempts.SkipCode = int.Parse(skip, CultureInfo.InvariantCulture);
        }

        ReadOwnVariables(Value);
        Engine.ReadEnvironment(variable);

        string? Value(string name) => variable(name) is { Length: > 0 } value ? value : null;
    }

    private void ReadOwnVariables(Func<string, string?> value)
    {
        Labels = value("CAUR_BUILDER_LABELS")?.Split([' ', ',', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries) ?? Labels;
        Containers.MaxProcesses = Number("CAUR_BUILDER_PROCESSES") ?? Containers.MaxProcesses;
        Containers.Network = value("CAUR_BUILDER_NETWORK") ?? Containers.Network;
        Shutdown = value("CAUR_BUILDER_SHUTDOWN") switch
        {
            "hand-back" => ShutdownMode.HandBack,
            "finish" => ShutdownMode.Finish,
            "leave" => ShutdownMode.Leave,
            _ => Shutdown,
        };
        ShutdownBudget = Seconds("CAUR_BUILDER_SHUTDOWN_TIME") ?? ShutdownBudget;
        LeaseGrace = Seconds("CAUR_LEASE_GRACE") ?? LeaseGrace;
        Attempts.KeepSources = Number("CAUR_KEEP_SOURCES") is { } days ? TimeSpan.FromDays(days) : Attempts.KeepSources;
        Attempts.UploadTimeout = Seconds("CAUR_UPLOAD_TIMEOUT") ?? Attempts.UploadTimeout;
        Logs.MaxBytes = Number("CAUR_LOG_SIZE") * 1024 * 1024 ?? Logs.MaxBytes;
        Images.RefreshAfter = Seconds("CAUR_IMAGE_REFRESH") ?? Images.RefreshAfter;
        Images.PullTimeout = Seconds("CAUR_IMAGE_TIMEOUT") ?? Images.PullTimeout;
        Sources.FetchTimeout = Seconds("CAUR_FETCH_TIMEOUT") ?? Sources.FetchTimeout;

        long? Number(string name) => value(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;

        TimeSpan? Seconds(string name) => Number(name) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
    }
}

/// <summary>What happens to running builds when the agent ends.</summary>
public enum ShutdownMode
{
    /// <summary>They are ended and given back, and start anew elsewhere.</summary>
    HandBack,

    /// <summary>They may finish within the budget; what does not is given back.</summary>
    Finish,

    /// <summary>Their containers go on, and the next agent process in this workspace takes them over. For restarts and upgrades of the
    /// agent that are shorter than the lease.</summary>
    Leave,
}

/// <summary>Refuses what could not work, at start.</summary>
internal sealed class BuilderOptionsValidator : IValidateOptions<BuilderOptions>
{
    public ValidateOptionsResult Validate(string? name, BuilderOptions options)
    {
        string[] problems =
        [
            .. Problems(options), .. options.Engine.Problems(), .. options.Images.Problems(), .. options.Sources.Problems(),
            .. options.Containers.Problems(), .. options.Attempts.Problems(), .. options.Logs.Problems(),
        ];
        return problems.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> Problems(BuilderOptions options)
    {
        if (options.Name.Length is 0 or > 200 || options.Name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-')))
        {
            yield return $"{nameof(BuilderOptions)}.{nameof(options.Name)} (BUILDER_HOSTNAME) must be letters, digits, '.', '_' and '-', not '{options.Name}'";
        }

        if (options.Class.Length == 0)
        {
            yield return $"{nameof(BuilderOptions)}.{nameof(options.Class)} (BUILDER_CLASS) must not be empty";
        }

        if (options.Architectures.Count == 0)
        {
            yield return $"{nameof(BuilderOptions)}.{nameof(options.Architectures)} must name at least one";
        }

        if (options.Builds < 0)
        {
            yield return $"{nameof(BuilderOptions)}.{nameof(options.Builds)} must not be negative";
        }

        if (options.Slots < 1)
        {
            yield return $"{nameof(BuilderOptions)}.{nameof(options.Slots)} must be at least 1";
        }

        if (!Path.IsPathFullyQualified(options.Workspace) || (options.HostWorkspace is { } host && !Path.IsPathFullyQualified(host)))
        {
            yield return $"{nameof(BuilderOptions)}.{nameof(options.Workspace)} and {nameof(options.HostWorkspace)} (SHARED_PATH) must be absolute paths";
        }

        if (options.TakeEvery <= TimeSpan.Zero || options.CallTimeout <= TimeSpan.Zero)
        {
            yield return $"{nameof(BuilderOptions)}.{nameof(options.TakeEvery)} and {nameof(options.CallTimeout)} must be more than zero";
        }

        if (options.LeaseGrace < TimeSpan.Zero || options.RefusalGrace < TimeSpan.Zero || options.ShutdownBudget <= TimeSpan.Zero)
        {
            yield return $"{nameof(BuilderOptions)}.{nameof(options.LeaseGrace)} and {nameof(options.RefusalGrace)} must not be negative and {nameof(options.ShutdownBudget)} more than zero";
        }
    }
}
