using Caur.Pipelines.Git;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Schedules;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;
using Caur.Tests.Notifications;
using Caur.Tests.Pipelines.Aur;
using Caur.Tests.Pipelines.Commits;
using Caur.Tests.Pipelines.Git;
using Caur.Tests.Sources;
using GitRemote = Caur.Pipelines.Pushes.GitRemote;

namespace Caur.Tests.Pipelines.Schedules;

/// <summary>A source repository on a server, the AUR and its packages, a followed database, a farm, and a clone in which schedule runs work.</summary>
internal sealed class ScheduleRig : IAsyncDisposable
{
    public const string Config = "GIT_AUTHOR_NAME=Chaotic CI\nGIT_AUTHOR_EMAIL=ci@example.org\n";

    private readonly RecordingServer _mirror;

    private ScheduleRig(SourceRemote remote, AurStandIn aur, RecordingServer mirror)
    {
        (Remote, Aur, _mirror) = (remote, aur, mirror);
        mirror.Answer = (_, context) => context.Response.Body.WriteAsync(Database).AsTask();
        Options = new OnScheduleOptions
        {
            Branch = "main",
            Host = new ScheduleHostOptions
            {
                Folder = remote["host"],
                Aur = aur.Options with { GitUrl = $"file://{remote["aur"]}/{{0}}" },
                UrlRules = new GitUrlRules { AllowFiles = true },
                Polite = new PoliteOptions { BackOff = TimeSpan.Zero, GiveUpAfter = 1000 },
            },
        };
    }

    public SourceRemote Remote { get; }

    public AurStandIn Aur { get; }

    public RecordingFarm Farm { get; } = new();

    public OnScheduleOptions Options { get; set; }

    /// <summary>What the followed database holds.</summary>
    public byte[] Database { get; set; } = [];

    /// <summary>For <c>CI_LIB_DB</c>.</summary>
    public string DatabaseUrl => $"{_mirror.Address}/extra.db";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="start">What it starts as.</param>
    public static async Task<ScheduleRig> StartAsync(ScheduleStart start)
    {
        var rig = new ScheduleRig(SourceRemote.CopyOf(start.Remote), await AurStandIn.StartAsync(), await RecordingServer.StartAsync());
        rig.Aur.Set("tool", 100);
        return rig;
    }

    /// <summary>A package's files, as they are in the AUR and in the source repository.</summary>
    public static (string Path, string Text)[] Package(string name, string version, string config) =>
        [.. SourceRemote.Package(name, version), ($"{name}/.CI/config", config)];

    /// <summary>Somebody pushes a package to the AUR.</summary>
    public async Task PushAurAsync(string name, long time, string version = "1", string more = "", string maintainer = "ann")
    {
        var files = SourceRemote.Package(name, version).Select(file => (file.Path[(name.Length + 1)..], file.Text)).ToArray();
        files[0].Text += more;
        await new GitWorkTree(Remote["aur", name]).CommitAsync(files);
        Aur.Set(name, time, maintainer);
    }

    public Task TagAsync(string commit) => Remote.Work.GitAsync("push", "-q", "--force", "origin", $"{commit}:refs/tags/scheduled");

    /// <summary>One run.</summary>
    /// <param name="options">Other ones than <see cref="Options"/>.</param>
    /// <param name="changed">Told of each change; what it throws ends the run there, as a kill does.</param>
    public Task<PipelineRun> RunAsync(OnScheduleOptions? options = null, Action<PipelineRun>? changed = null)
    {
        var (git, repository) = Clone();
        return new OnSchedulePipeline(git, repository, _ => Farm, options ?? Options, Remote.Processes, TimeProvider.System, changed).RunAsync(Stop);
    }

    public (GitRepository Git, PushRepository Repository) Clone()
    {
        var folder = Remote["ours.git"];
        return (new GitRepository(folder, Remote.Processes), new PushRepository(folder, GitRemote.Of(Remote.Path), Remote.Processes));
    }

    /// <summary>git at the server.</summary>
    public async Task<string> GitAsync(params string[] arguments) => (await Remote.Work.GitAsync(["--git-dir", Remote.Path, .. arguments])).Trim();

    /// <summary>Somebody moves a branch there, at once.</summary>
    public void Move(string name, string commit) => File.WriteAllText(Path.Combine(Remote.Path, name), $"{commit}\n");

    /// <summary>A commit there; empty when there is none.</summary>
    public async Task<string> RefAsync(string name) => await GitAsync("for-each-ref", "--format=%(objectname)", name);

    public Task<string> TextAsync(string path, string at = "main") => GitAsync("show", $"{at}:{path}");

    /// <summary>All branches and tags there.</summary>
    public Task<string> RefsAsync() => GitAsync("for-each-ref");

    /// <summary>What the state holds.</summary>
    public async Task<StateContent> StateAsync()
    {
        var (git, repository) = Clone();
        await repository.EnsureAsync(Stop);
        await repository.FetchAsync(["refs/heads/state", "refs/heads/main"], Stop);
        return (await new StateBranch(git).ReadAsync(await RefAsync("refs/heads/state"), await RefAsync("refs/heads/main"), Stop)).Content;
    }

    public async ValueTask DisposeAsync()
    {
        await Aur.DisposeAsync();
        await _mirror.DisposeAsync();
        Remote.Dispose();
    }
}

/// <summary>Packages <c>tool</c> of the AUR, <c>heavy</c> of a trigger and <c>plain</c> of nobody, all of them handed over. Made once, and copied.</summary>
public sealed class ScheduleStart : IAsyncLifetime
{
    internal SourceRemote Remote { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Remote = await SourceRemote.CreateAsync();

        // Of so little, nothing has to be tidied.
        await Remote.Work.GitAsync("config", "maintenance.auto", "false");
        await Remote.Work.GitAsync("--git-dir", Remote.Path, "config", "receive.autogc", "false");
        await new GitWorkTree(Remote["aur", "tool"]).CommitAsync([.. SourceRemote.Package("tool").Select(file => (file.Path["tool/".Length..], file.Text))]);
        await Remote.PushAsync(
            "init",
            [
                (".ci/config", ScheduleRig.Config),
                .. ScheduleRig.Package("tool", "1", "# kept\nCI_PKGBUILD_SOURCE=aur\n"),
                .. ScheduleRig.Package("heavy", "1", "CI_PKGBUILD_SOURCE=custom\nCI_ON_TRIGGER=daily\nBUILDER_CLASS=9\n"),
                .. ScheduleRig.Package("plain", "1", "CI_PKGBUILD_SOURCE=custom\n"),
            ]);
        await Remote.Work.GitAsync("push", "-q", "origin", "HEAD:refs/tags/scheduled");
    }

    public ValueTask DisposeAsync()
    {
        Remote.Dispose();
        return ValueTask.CompletedTask;
    }
}
