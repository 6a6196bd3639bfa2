using Caur.Pacman;
using Caur.Storage.Files;
using Caur.Storage.Signing;

namespace Caur.Storage.Repositories;

/// <summary>One target repository for one architecture: the folder that a web server serves, and every change to it.</summary>
/// <remarks>A change is planned, the plan is stored by the caller, and then applied; applying it again after a crash completes it. Changes
/// take turns, also those of several processes, by a lock on a file of the repository's folder. Reading needs no turn, because generations never change.</remarks>
public sealed class RepositoryStore : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly AsyncLocal<Hold?> _hold = new();
    private readonly RepositoryLayout _layout;
    private readonly GenerationStore _generations;
    private readonly GpgSigner _signer;
    private readonly TimeProvider _time;
    private readonly RepositoryStoreOptions _options;
    private readonly IPublicationProbe? _probe;
    private readonly Action? _waits;
    private bool _swept;
    private IReadOnlyDictionary<string, RepositoryEntry> _inspected = new Dictionary<string, RepositoryEntry>();

    /// <summary>Opens a repository; nothing is created before something is published.</summary>
    /// <param name="root">The folder of all repositories.</param>
    /// <param name="target">The target repository's name.</param>
    /// <param name="arch">The architecture.</param>
    /// <param name="signer">Signs packages and databases.</param>
    /// <param name="time">For records.</param>
    /// <param name="options">What is kept for how long.</param>
    /// <param name="probe">Is told of every step.</param>
    /// <param name="waits">Is called when a change waits for one of another process.</param>
    /// <exception cref="UnsafePathException">Target or architecture cannot be a folder's name.</exception>
    public RepositoryStore(
        string root,
        string target,
        string arch,
        GpgSigner signer,
        TimeProvider time,
        RepositoryStoreOptions? options = null,
        IPublicationProbe? probe = null,
        Action? waits = null)
    {
        _layout = new RepositoryLayout(PathGuard.Join(root, target, arch), target);
        _generations = new GenerationStore(_layout, signer);
        _signer = signer;
        _time = time;
        _options = options ?? new RepositoryStoreOptions();
        _probe = probe;
        _waits = waits;
        Target = target;
        Arch = arch;
    }

    /// <summary>The target repository's name.</summary>
    public string Target { get; }

    /// <summary>The architecture.</summary>
    public string Arch { get; }

    /// <summary>The folder.</summary>
    public string Folder => _layout.Folder;

    /// <summary>The number of the current generation; 0 when nothing was published yet.</summary>
    public int CurrentGeneration => _layout.ReadCurrent();

    private RepositoryCollector Collector => new(_layout, _generations, _options, _probe);

    /// <summary>The database of the current generation; the empty one when nothing was published yet.</summary>
    /// <exception cref="RepositoryDamagedException">It cannot be read.</exception>
    public async Task<RepositoryDatabase> ReadAsync(CancellationToken cancellationToken) =>
        (await _generations.LoadCurrentAsync(cancellationToken)).Database;

    /// <summary>The database of a generation that is kept.</summary>
    /// <exception cref="RepositoryDamagedException">It is not there, or cannot be read.</exception>
    public Task<RepositoryDatabase> ReadAsync(int generation, CancellationToken cancellationToken) =>
        _generations.LoadAsync(generation, cancellationToken);

    /// <summary>The file names of a pkgbase's published packages, in the order of their pkgnames.</summary>
    /// <exception cref="RepositoryDamagedException">The current generation cannot be read.</exception>
    public async Task<IReadOnlyList<string>> PublishedFilesAsync(string pkgbase, CancellationToken cancellationToken) =>
        [.. (await ReadAsync(cancellationToken)).Where(entry => entry.PkgBase.ToString() == pkgbase).Select(entry => entry.FileName)];

    /// <summary>The records of the generations that are kept and can be read, the newest first; without the files that left before.</summary>
    public IReadOnlyList<GenerationInfo> ListGenerations() =>
        [.. KeptNumbers().Select(number => _generations.TryReadInfo(number, out _)).OfType<GenerationInfo>()];

    /// <summary>The generations whose records cannot be read, the newest first.</summary>
    public IReadOnlyList<DamagedGeneration> ListDamagedGenerations()
    {
        var damaged = new List<DamagedGeneration>();
        foreach (var number in KeptNumbers())
        {
            if (_generations.TryReadInfo(number, out var damage) is null && damage is not null)
            {
                var database = new FileInfo(Path.Combine(_layout.Generation(number), _layout.DatabaseName));
                damaged.Add(new DamagedGeneration(number, database.LastWriteTimeUtc, damage));
            }
        }

        return damaged;
    }

    /// <summary>Keeps every other change away, of this process and of others, while something is planned, written down and applied.</summary>
    /// <param name="work">Calls this store's methods, which then wait for nobody.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The lock's file cannot be opened.</exception>
    public Task<T> ExclusivelyAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken) => InTurnAsync(work, cancellationToken);

    /// <summary>Inspects what is offered and decides what one publication would change. Nothing changes.</summary>
    /// <exception cref="RepositoryDamagedException">The current generation cannot be read.</exception>
    public Task<PublicationProposal> PlanAsync(PublicationRequest request, CancellationToken cancellationToken) => InTurnAsync(
        async () =>
        {
            var (proposal, inspected) = await DecideAsync(request, cancellationToken);
            // Usually it is applied next, and its archives need not be unpacked again.
            _inspected = inspected;
            return proposal;
        },
        cancellationToken);

    /// <summary>What <see cref="PlanAsync"/> would decide now. It takes no turn: it waits for no publication, and none notices it.</summary>
    /// <exception cref="RepositoryDamagedException">The current generation cannot be read.</exception>
    public Task<PublicationProposal> PreviewAsync(PublicationRequest request, CancellationToken cancellationToken) =>
        Task.Run(async () => (await DecideAsync(request, cancellationToken)).Proposal, cancellationToken);

    /// <summary>Decides what a rollback would change: a new generation with an older one's packages.</summary>
    /// <param name="id">The publication's id.</param>
    /// <param name="generation">Which generation comes back.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RepositoryDamagedException">A generation cannot be read.</exception>
    public Task<PublicationProposal> PlanRollbackAsync(string id, int generation, CancellationToken cancellationToken) =>
        InTurnAsync(() => DecideRollbackAsync(id, generation, cancellationToken), cancellationToken);

    /// <summary>What <see cref="PlanRollbackAsync"/> would decide now. It takes no turn.</summary>
    /// <exception cref="RepositoryDamagedException">A generation cannot be read.</exception>
    public Task<PublicationProposal> PreviewRollbackAsync(string id, int generation, CancellationToken cancellationToken) =>
        Task.Run(() => DecideRollbackAsync(id, generation, cancellationToken), cancellationToken);

    /// <summary>Whether the repository was set back: restored from an older copy, or gone.</summary>
    /// <param name="published">The newest generation that is known to have been published; 0 when nothing is known.</param>
    /// <returns>What was found, what was expected, and how to mend it; null when the current generation is the newest.</returns>
    public string? FindSetBack(int published) => _generations.FindSetBack(published)?.Message;

    /// <summary>Decides how a repository that was set back goes on from what is there: as a new generation with the packages of the
    /// current one, whose number was never used.</summary>
    /// <param name="id">The publication's id.</param>
    /// <param name="published">The newest generation that is known to have been published; 0 when nothing is known.</param>
    /// <returns>Null when it was not set back.</returns>
    public PublicationPlan? PlanAcceptance(string id, int published)
    {
        if (_generations.FindSetBack(published) is not { } setBack)
        {
            return null;
        }

        // One that died before anybody knew of it may have had the number after the newest that is known, and been seen by clients.
        return new PublicationPlan { Id = id, BaseGeneration = CurrentGeneration, Number = setBack.Generation + 2 };
    }

    /// <summary>Applies a plan as one generation. After a crash at any point, applying it again completes it; applied once more it does
    /// nothing. Until the last but one step clients see the old repository, from then on the new one.</summary>
    /// <exception cref="GpgException">Nothing can be signed; the repository is as it was.</exception>
    /// <exception cref="IOException">The disk is full or broken. Apply the plan again.</exception>
    /// <exception cref="RepositoryDamagedException">A generation cannot be read.</exception>
    public Task<PublicationResult> ApplyAsync(PublicationPlan plan, CancellationToken cancellationToken) => InTurnAsync(
        () =>
        {
            SweepOnce();
            return new PublicationRunner(_layout, _generations, _signer, _options, _time, _inspected, _probe).RunAsync(plan, cancellationToken);
        },
        cancellationToken);

    /// <summary>Plans and applies a rollback at once, for callers that need no stored plan.</summary>
    /// <returns><see cref="PublicationStatus.FilesGone"/> with every reason when it is refused.</returns>
    public async Task<PublicationResult> RollbackAsync(string id, int generation, CancellationToken cancellationToken)
    {
        var proposal = await PlanRollbackAsync(id, generation, cancellationToken);
        return proposal switch
        {
            { Plan: { } plan } => await ApplyAsync(plan, cancellationToken),
            { Problems.Count: > 0 } => new PublicationResult(PublicationStatus.FilesGone, CurrentGeneration, proposal.Problems),
            _ => new PublicationResult(PublicationStatus.AlreadyPublished, CurrentGeneration, []),
        };
    }

    /// <summary>Removes generations and files whose time is over. No file goes that a kept generation names.</summary>
    /// <param name="now">The time to measure from.</param>
    /// <param name="cancellationToken">Ends it between two files.</param>
    /// <exception cref="RepositoryDamagedException">A generation cannot be read.</exception>
    public Task<CollectionReport> CollectAsync(DateTimeOffset now, CancellationToken cancellationToken) => !Directory.Exists(_layout.Folder)
        ? Task.FromResult(new CollectionReport([], []))
        : InTurnAsync(
            () =>
            {
                SweepOnce();
                return Collector.CollectAsync(now, cancellationToken);
            },
            cancellationToken);

    /// <summary>Reads every file of the current generation and compares sizes, hashes and signatures, and the records of the others. It takes no turn, so that nothing is
    /// held up however long it reads: what the generation names stays for longer, whatever is published meanwhile.</summary>
    /// <exception cref="GpgException">gpg cannot run, or there is no signing key.</exception>
    /// <exception cref="RepositoryDamagedException">The current generation cannot be read.</exception>
    public Task<RepositoryVerification> VerifyAsync(CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            var (number, database) = await _generations.LoadCurrentAsync(cancellationToken);
            var found = await new RepositoryVerifier(_layout, _signer, _options).VerifyAsync(number, database, cancellationToken);
            return found with { Problems = [.. ListDamagedGenerations().Select(damaged => damaged.Damage), .. found.Problems] };
        },
        cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private IEnumerable<int> KeptNumbers()
    {
        var current = CurrentGeneration;
        return _layout.ReadNumbers().Where(number => number <= current).Reverse();
    }

    private async Task<(PublicationProposal Proposal, IReadOnlyDictionary<string, RepositoryEntry> Inspected)> DecideAsync(
        PublicationRequest request, CancellationToken cancellationToken)
    {
        var (number, database) = await _generations.LoadCurrentAsync(cancellationToken);
        var needed = Collector.NeededFiles(number, database.Select(entry => entry.FileName), _time.GetUtcNow());
        var planner = new PublicationPlanner(database, number, request);
        var inspected = new Dictionary<string, RepositoryEntry>(StringComparer.Ordinal);
        planner.Remove();
        foreach (var build in request.Builds)
        {
            var inspections = await InspectAsync(build, cancellationToken);
            planner.Add(new InspectedBuild(build, inspections, await OccupiedAsync(build, needed, cancellationToken)));
            foreach (var entry in inspections.Select(inspection => inspection.Entry).OfType<RepositoryEntry>())
            {
                inspected[entry.FileName] = entry;
            }
        }

        return (planner.Finish(), inspected);
    }

    private async Task<PublicationProposal> DecideRollbackAsync(string id, int generation, CancellationToken cancellationToken)
    {
        var current = CurrentGeneration;
        if (generation < 1 || generation > current || _generations.ReadInfo(generation) is null)
        {
            return new PublicationProposal { Problems = [$"generation {generation} is not kept"] };
        }

        if (generation == current)
        {
            return new PublicationProposal();
        }

        var problems = new FormerFiles(_layout, _options.ArchiveFolder)
            .Missing(await _generations.LoadAsync(generation, cancellationToken)).ToList();
        return problems.Count > 0
            ? new PublicationProposal { Problems = problems }
            : new PublicationProposal { Plan = new PublicationPlan { Id = id, BaseGeneration = current, Restore = generation } };
    }

    private async Task<ArchiveInspection[]> InspectAsync(BuildToPublish build, CancellationToken cancellationToken)
    {
        var expected = new ArchiveExpectation(build.Pkgbase, Arch, build.Pkgnames);
        var inspections = new ArchiveInspection[build.Archives.Count];
        await Parallel.ForAsync(
            0,
            inspections.Length,
            new ParallelOptions { MaxDegreeOfParallelism = _options.Parallelism, CancellationToken = cancellationToken },
            async (index, token) => inspections[index] = await ArchiveInspector.InspectAsync(build.Archives[index], expected, token, _options.Limits));
        return inspections;
    }

    /// <summary>The names among a build's archives that are needed by a kept generation with other content. A file that no generation
    /// names, left of a publication that was given up, may be replaced.</summary>
    private async Task<HashSet<string>> OccupiedAsync(BuildToPublish build, HashSet<string> needed, CancellationToken cancellationToken)
    {
        var occupied = new HashSet<string>(StringComparer.Ordinal);
        foreach (var archive in build.Archives.Where(archive => needed.Contains(archive.FileName)))
        {
            var path = _layout.Package(archive.FileName);
            if (Libc.IsRegularFile(path)
                && !string.Equals(await FileHash.Sha256Async(path, cancellationToken), archive.Sha256, StringComparison.OrdinalIgnoreCase))
            {
                occupied.Add(archive.FileName);
            }
        }

        return occupied;
    }

    /// <summary>What is hidden and unfinished when the first change comes is of a process that died: who writes here has the lock.</summary>
    private void SweepOnce()
    {
        if (!_swept)
        {
            AtomicFile.Sweep(_layout.Folder, DateTimeOffset.MaxValue);
            AtomicFile.Sweep(_layout.Generations, DateTimeOffset.MaxValue);
            _swept = true;
        }
    }

    /// <summary>Everything here reads archives, hashes or waits for disks: never on a grain's turn.</summary>
    private Task<T> InTurnAsync<T>(Func<Task<T>> change, CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            if (_hold.Value is { IsOver: false })
            {
                return await change();
            }

            await _turn.WaitAsync(cancellationToken);
            var hold = new Hold();
            try
            {
                FilePlacement.CreatePublicFolder(Path.GetDirectoryName(_layout.Folder)!);

                // Other processes' locks go by the machine's clock, whatever records say.
                using var others = await FileMutex.TakePatientlyAsync(_layout.Lock, TimeProvider.System, _waits, cancellationToken);
                _hold.Value = hold;
                return await change();
            }
            finally
            {
                hold.IsOver = true;
                _turn.Release();
            }
        },
        cancellationToken);

    /// <summary>Marks what runs under the lock; what it started and left running does not have it any more.</summary>
    private sealed class Hold
    {
        private volatile bool _isOver;

        public bool IsOver
        {
            get => _isOver;
            set => _isOver = value;
        }
    }
}
