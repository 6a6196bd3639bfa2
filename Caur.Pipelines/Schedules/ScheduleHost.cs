using Caur.Pacman;
using Caur.Pipelines.Aur;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.Sandbox;
using Caur.Pipelines.Upstream;
using Caur.Storage.Processes;

namespace Caur.Pipelines.Schedules;

/// <summary>What a schedule run is set up with, beside the repository's own settings.</summary>
internal sealed record ScheduleHostOptions
{
    /// <summary>Where clones lie for a moment, and what was loaded is remembered between runs. Losing it costs downloads alone.</summary>
    public required string Folder { get; init; }

    /// <summary>Where the AUR is.</summary>
    public AurOptions Aur { get; init; } = new();

    /// <summary>The GitLab of <c>gitlab:ID</c>.</summary>
    public Uri Gitlab { get; init; } = new("https://gitlab.com/");

    /// <summary>Which addresses git is given.</summary>
    public GitUrlRules UrlRules { get; init; } = new();

    /// <summary>How hosts are asked; <c>CI_CLONE_DELAY</c> is set on top.</summary>
    public PoliteOptions Polite { get; init; } = new();

    /// <summary>Runs scripts of packages; null where none can run.</summary>
    public ISandbox? Sandbox { get; init; }

    /// <summary>The <c>.editorconfig</c> of the source repository, by which PKGBUILDs are formatted; null for a repository that has none and formats nothing.</summary>
    public string? EditorConfig { get; init; }
}

/// <summary>One schedule run's services, made from a repository's <c>.ci/config</c>. Dispose of it when the run has ended.</summary>
internal sealed class ScheduleHost : IDisposable
{
    private readonly HttpClient _http;
    private readonly HostPacer _pacer;

    private ScheduleHost(HttpClient http, HostPacer pacer, ScheduleServices services, ScheduleSettings settings)
    {
        (_http, _pacer) = (http, pacer);
        Services = services;
        Runner = new ScheduleRunner(services, settings);
    }

    public ScheduleServices Services { get; }

    public ScheduleRunner Runner { get; }

    /// <summary>Sets a run up. A setting that cannot be followed refuses it: without the proxy that somebody asked for, nobody is asked.</summary>
    /// <param name="config">The repository's <c>.ci/config</c>.</param>
    /// <param name="options">What else a run needs.</param>
    /// <param name="processes">Runs git, shfmt and the like.</param>
    /// <param name="time">The clock.</param>
    public static Answer<ScheduleHost> Create(CiConfig config, ScheduleHostOptions options, ProcessRunner processes, TimeProvider time)
    {
        var problems = new List<string>();
        var delay = CloneDelay.Parse(config["CI_CLONE_DELAY"], out var problem);
        Add(problem);
        var proxy = HostProxy.Parse(config["CI_AUR_PROXY"], options.Aur.Hosts, out problem);
        Add(problem);
        var settings = ScheduleSettings.Of(config, problems);
        if (problems.Count > 0)
        {
            return Answer<ScheduleHost>.Refused(string.Join("; ", problems));
        }

        var polite = options.Polite with { HostDelay = delay!.Value };
        var http = HostProxy.Client(proxy);
        var pacer = new HostPacer(polite, time);
        var client = new PoliteClient(http, pacer, polite, time);
        var git = new GitCommand(processes, polite, options.UrlRules, proxy);
        var services = new ScheduleServices
        {
            Aur = new AurClient(client, options.Aur, new AurCache(Path.Combine(options.Folder, "aur.json"))),
            AurOptions = options.Aur,
            Git = new GitUpstream(Path.Combine(options.Folder, "upstream"), git, pacer, polite, new UpstreamLimits()),
            UrlRules = options.UrlRules,
            Gitlab = new GitlabTags(client, options.Gitlab),
            Databases = new LibraryDatabases(client, new DatabaseCache(Path.Combine(options.Folder, "databases"))),
            Formatter = options.EditorConfig is { } style ? new ShfmtFormatter(processes, style) : new NoFormatter(),
            Scripts = options.Sandbox is { } sandbox ? new PackageScripts(sandbox) : null,
        };
        return Answer<ScheduleHost>.Of(new ScheduleHost(http, pacer, services, settings));

        void Add(string? text)
        {
            if (text is not null)
            {
                problems.Add(text);
            }
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _pacer.Dispose();
    }
}
