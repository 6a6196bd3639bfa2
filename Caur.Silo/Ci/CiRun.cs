using System.CommandLine;
using Caur.Contracts.Builds;
using Caur.Pipelines.Forges;
using Caur.Pipelines.Git;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.ManagedAur;
using Caur.Pipelines.Manual;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Schedules;
using Caur.Silo.Cli;
using Caur.Storage.Processes;
using GitRemote = Caur.Pipelines.Git.GitRemote;

namespace Caur.Silo.Ci;

/// <summary>One run of a verb of <c>caur ci</c>: the checkout, the farm behind its settings, and what is told.</summary>
internal sealed class CiRun : IAsyncDisposable
{
    private readonly BuildPriority _priority;
    private readonly RunOutput _output;
    private FarmClient? _client;
    private GatewayFarm? _farm;
    private HttpClient? _forge;

    private CiRun(ParseResult result, CliContext context, BuildPriority priority)
    {
        (Result, Context, _priority, Job) = (result, context, priority, new CiJob(context));
        _output = new RunOutput(context, result.GetValue(CommonOptions.Json));
        Processes = new ProcessRunner(context.Time);
    }

    public ParseResult Result { get; }

    public CliContext Context { get; }

    public CiJob Job { get; }

    public ProcessRunner Processes { get; }

    /// <summary>The checkout, to read.</summary>
    public GitRepository Git { get; private set; } = null!;

    /// <summary>Its other side.</summary>
    public GitRemote Remote { get; private set; } = null!;

    /// <summary><c>--dry-run</c>, or the original's variable for it.</summary>
    public bool DryRun => Result.GetValue(ChangeRun.DryRun) || string.Equals(Context.Variable("CAUR_DRY_RUN"), "true", StringComparison.OrdinalIgnoreCase);

    public string? Branch => Result.GetValue(CiOptions.Branch) ?? Job.Branch;

    public string Tag => Result.GetRequiredValue(CiOptions.Tag);

    /// <summary>What a run that somebody started goes by.</summary>
    public ManualOptions Manual => new()
    {
        Branch = Branch,
        Tag = Tag,
        Architectures = CiOptions.Architectures(Result),
        DryRun = DryRun,
        Pipeline = Job.Pipeline,
        RunId = Job.RunId,
        Page = Job.Page,
        Nearest = Contracts.Ids.NearestNames.Of,
    };

    /// <summary>What packages are learnt with.</summary>
    public ScheduleHostOptions Host => new() { Folder = Result.GetValue(CiOptions.Cache) ?? Path.Combine(Git.Folder, "caur") };

    /// <summary>Runs a pipeline and tells what came of it.</summary>
    /// <param name="result">The options.</param>
    /// <param name="context">Environment and output.</param>
    /// <param name="priority">Of the builds that are ordered.</param>
    /// <param name="run">Makes and runs it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<int> RunAsync(
        ParseResult result, CliContext context, BuildPriority priority, Func<CiRun, Action<PipelineRun>, Task<PipelineRun>> run, CancellationToken cancellationToken)
    {
        await using var one = new CiRun(result, context, priority);
        try
        {
            (one.Git, one.Remote) = await one.Job.OpenAsync(
                result.GetRequiredValue(CiOptions.Folder), result.GetRequiredValue(CiOptions.Remote), one.Processes, cancellationToken);
            var ended = await run(one, one._output.Changed);
            one._output.End(ended);
            return ended.Outcome switch
            {
                RunOutcome.Failed => one._farm?.Failure?.ExitCode ?? ExitCodes.Failed,
                RunOutcome.Incomplete => ExitCodes.Failed,
                _ => ExitCodes.Ok,
            };
        }
        catch (Exception error) when (error is SourceUnavailableException or ProgramNotFoundException)
        {
            throw new FarmException(ExitCodes.Failed, error.Message, error);
        }
    }

    /// <summary>The farm that a repository's settings name.</summary>
    public IFarm Connect(RepositorySettings settings)
    {
        _client = Result.Farm(Context, Job.WithTunnelOf(settings, Result));
        return _farm = new GatewayFarm(_client, Context, _priority, quiet: Result.GetValue(CommonOptions.Json));
    }

    /// <summary>The checkout, to push.</summary>
    public async Task<PushRepository> PushesAsync(CancellationToken cancellationToken) =>
        new(Git.Folder, await Job.PushRemoteAsync(Git, Result.GetRequiredValue(CiOptions.Remote), cancellationToken), Processes);

    /// <summary>How managed packages reach the AUR; null without AUR_KEY.</summary>
    public async Task<ManagedAurSetup?> AurAsync(CancellationToken cancellationToken) => Context.Variable("AUR_KEY") is not { } key ? null
        : new ManagedAurSetup(key) { CommitsPage = (await Job.ProjectAsync(Git, Result.GetRequiredValue(CiOptions.Remote), cancellationToken)).CommitsPage };

    /// <summary>What pushes them; null without AUR_KEY.</summary>
    public async Task<AurDelivery?> DeliveryAsync(RepositorySettings settings, CancellationToken cancellationToken) =>
        await AurAsync(cancellationToken) is not { } setup ? null : new AurDelivery(
            await PushesAsync(cancellationToken),
            setup,
            Path.Combine(Git.Folder, "caur"),
            Job.Page,
            new GitIdentity(settings.AuthorName, settings.AuthorEmail),
            Processes,
            Context.Time);

    /// <summary>The forge where requests are made; null when the repository is at none, or there is no token.</summary>
    public IForge? Forge(ForgeProject? project) =>
        project is not null && Job.Token() is { } token ? Pipelines.Forges.Forge.Of(project, token, _forge ??= ForgeHttp.NewClient(), Context.Time) : null;

    public async ValueTask DisposeAsync()
    {
        _forge?.Dispose();
        if (_client is not null)
        {
            await _client.DisposeAsync();
        }
    }
}
