using Caur.Builder.Containers;
using Caur.Builder.Engines;
using Caur.Builder.Sources;
using Caur.Builder.Timing;
using Caur.Builder.Tracing;
using Caur.Builder.Workspaces;
using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

internal sealed partial class AttemptRun
{
    /// <summary>Prepares everything and starts the container.</summary>
    /// <returns>Null when it runs; otherwise why it never did.</returns>
    private async Task<Verdict?> StartAsync()
    {
        var stopping = _control.Stopping;
        _folder.Create();
        if (NoRoom() is { } full)
        {
            return full;
        }

        await _log.SayAsync(
            $"{_order.Pkgbase} for {_order.TargetRepository}/{_order.Arch} on builder {_options.Name}, attempt {_order.Attempt.Number}", stopping);

        Images.ImageResult image;
        using (AttemptSpans.Step("image"))
        {
            image = await _services.Images.EnsureAsync(_order.Image, stopping);
        }

        if (!image.IsReady)
        {
            return Unfit(image.Problem, _order.Image);
        }

        if (image.Warning is { } warning)
        {
            await _log.WarnAsync(warning, stopping);
        }

        _imageDigest = image.Digest;
        await _log.SayAsync($"Image {_order.Image} ({image.Digest})", stopping);
        await _log.SayAsync($"Source {_order.SourceRepository} at commit {_order.Commit}", stopping);
        SourceResult source;
        using (AttemptSpans.Step("source"))
        {
            source = await _services.Sources.CheckOutAsync(_order.SourceUrl, _order.Commit, _order.Pkgbase, _folder.Source, stopping);
        }

        if (source.Status != SourceStatus.Ready)
        {
            return source.Status == SourceStatus.Wrong ? Verdict.Failed(source.Message) : NoRoom() ?? Verdict.SystemError(source.Message);
        }

        if (StaticRecipe.AlreadyPublished(_folder.Source, _order) is { } published)
        {
            await _log.SayAsync($"No container is needed, the target repository has {string.Join(", ", published)}", stopping);
            return Verdict.AlreadyBuilt;
        }

        var isPodman = (await _services.Engine.VersionAsync(stopping)).IsPodman;
        await _folder.WriteOrderAsync(isPodman ? HostName.ForPodman(_order) : _order, stopping);
        var record = new AttemptRecord
        {
            Order = _order,
            ContainerName = _containerName,
            ImageDigest = image.Digest,
            Prepared = BootMoment.Now(_services.Time),
        };
        await _folder.SaveAsync(record, _log.Preamble, stopping);

        // The order may have waited for image and source longer than its lease.
        if (!await _services.Leases.RenewNowAsync(_control, stopping))
        {
            stopping.ThrowIfCancellationRequested();
        }

        using (AttemptSpans.Step("start"))
        {
            _output = await StartContainerAsync(image.Id, stopping);
        }

        _started = _services.Time.GetUtcNow();
        _run = (_services.Time.GetTimestamp(), TimeSpan.Zero);
        _services.Fitness.Began();
        _log.StartListening();
        LogStarted(_services.Logger, _order.Attempt, _containerName);
        await SayRunningAsync();
        return null;
    }

    /// <summary>What has to become of the attempt when the disk is full; null when there is room.</summary>
    private Verdict? NoRoom() =>
        WorkspaceDisk.Problem(_options.Workspace) is { } full ? Unfit($"The builder {_options.Name} has no room: {full}", image: null) : null;

    /// <summary>The same of the container's own disk, which is the engine's and may be another.</summary>
    private Verdict? NoRoomInside(Verdict verdict)
    {
        if (verdict != Verdict.EngineFull)
        {
            return null;
        }

        var problem = $"The builder {_options.Name} has no room: {verdict.Message}";
        return Unfit(problem, _services.Fitness.LostUnseen(problem, _order.Attempt.Build));
    }

    /// <summary>Goes on with the container of an earlier agent process, whether it still runs or not.</summary>
    private async Task<Verdict?> TakeOverAsync(AdoptedAttempt adopted)
    {
        _containerId = adopted.ContainerId;
        _imageDigest = adopted.Record.ImageDigest;
        var state = (await _services.Engine.InspectAsync(_containerId, _control.Stopping))?.State;
        _started = state?.StartedAt;
        _run = (_services.Time.GetTimestamp(), state is { Running: true } ? RanBefore(adopted.Record) : TimeSpan.Zero);
        await _log.ReplayPreambleAsync(adopted.Preamble, _control.Stopping);
        _log.StartListening();
        LogTakenOver(_services.Logger, _order.Attempt, _containerName);
        await SayRunningAsync();
        return null;
    }

    /// <summary>How long a container that still runs did so under an earlier process.</summary>
    private TimeSpan RanBefore(AttemptRecord record)
    {
        // The wall clock may have been set since. It has to do for what an earlier version of the agent started.
        var now = _services.Time.GetUtcNow();
        return record.Prepared?.Since(_services.Time) ?? (_started < now ? now - _started.Value : TimeSpan.Zero);
    }

    private async Task SayRunningAsync()
    {
        if (!await _session.ProgressAsync(AttemptStep.Running))
        {
            _control.RequestStop(StopKind.Lost, "the control plane does not want it any more");
        }
    }

    private async Task<Stream> StartContainerAsync(string imageId, CancellationToken cancellationToken)
    {
        var plan = await PlanAsync(imageId, cancellationToken);
        try
        {
            return await CreateAndStartAsync(plan, cancellationToken);
        }
        catch (EngineException error) when (plan.WithUlimits && IsAboutUlimits(error))
        {
            _services.UlimitsRefused = true;
            LogUlimitsRefused(_services.Logger, error.Message);
            await _services.Engine.RemoveAsync(_containerName, cancellationToken);
            return await CreateAndStartAsync(plan with { WithUlimits = false }, cancellationToken);
        }
    }

    private static bool IsAboutUlimits(EngineException error) =>
        error.Failure == EngineFailure.Refused
        && (error.Message.Contains("rlimit", StringComparison.OrdinalIgnoreCase) || error.Message.Contains("ulimit", StringComparison.OrdinalIgnoreCase));

    private async Task<Stream> CreateAndStartAsync(ContainerPlan plan, CancellationToken cancellationToken)
    {
        var engine = _services.Engine;
        ContainerCreated made;
        try
        {
            made = await engine.CreateAsync(_containerName, plan.ToCreation(), cancellationToken);
        }
        catch (EngineException error) when (error.Failure == EngineFailure.NameConflict)
        {
            // The name holds instance and attempt, so whatever has it is a leftover of this very attempt.
            await engine.RemoveAsync(_containerName, cancellationToken);
            made = await engine.CreateAsync(_containerName, plan.ToCreation(), cancellationToken);
        }

        foreach (var warning in made.Warnings ?? [])
        {
            LogEngineWarned(_services.Logger, _order.Attempt, warning);
        }

        _containerId = made.Id;
        var output = await engine.AttachAsync(made.Id, tty: true, cancellationToken);
        try
        {
            await engine.StartAsync(made.Id, cancellationToken);
            return output;
        }
        catch
        {
            await output.DisposeAsync();
            throw;
        }
    }

    private async Task<ContainerPlan> PlanAsync(string imageId, CancellationToken cancellationToken)
    {
        var now = _services.Time.GetUtcNow();
        var cache = _order.CacheSources ? _services.Workspace.SourceCache(_order.TargetRepository, _order.Pkgbase, now) : null;
        return new ContainerPlan
        {
            Order = _order,
            ImageId = imageId,
            Builder = _options.Name,
            Instance = _services.Workspace.Instance,
            Options = _options.Containers,
            SkipCode = _skipCode,
            Timeout = _timeout,
            Now = now,

            // A quarter more than the log's limit, for the engine's own framing.
            KeptOutput = _options.Logs.MaxBytes + (_options.Logs.MaxBytes / 4),
            Mounts = ContainerPlan.MountsOf(_services.Workspace, _folder, cache),
            IsPodman = (await _services.Engine.VersionAsync(cancellationToken)).IsPodman,
            WithUlimits = !_services.UlimitsRefused,
        };
    }
}
