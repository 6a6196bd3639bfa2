using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Caur.Api.Queue;
using Caur.Contracts.Builds;
using Caur.Contracts.Sources;
using Caur.Silo.Cli;
using Caur.Storage.Processes;

namespace Caur.Silo.Demo;

/// <summary>The farm's main job in front of somebody: build, sign, publish, install; notice a commit, and upgrade.</summary>
internal sealed class DemoRun(CliContext context, DemoOptions options)
{
    /// <summary>The id of the source repository and the name of the target repository; the samples' <c>.ci/config</c> has the same.</summary>
    private const string Repository = "caur";

    private const int DefaultPort = 8080;

    /// <summary>One of the samples says nothing for ever; the others do not need this long between two lines.</summary>
    private const int SamplesStallSeconds = 15;

    private readonly DemoFolders _folders = DemoFolders.Choose(options, context.Variable);
    private readonly DemoSay _say = new(context);
    private readonly string _arch = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64";

    /// <summary>Runs the demo.</summary>
    /// <returns><see cref="ExitCodes.Ok"/> only if everything came out as it should.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var since = context.Time.GetTimestamp();
        Directory.CreateDirectory(_folders.Root);
        using var mine = Lock();
        _say.Step($"A farm of its own in {_folders.Root}");
        var image = context.Variable("CAUR_BUILDER_IMAGE") ?? context.Variable("BUILDER_IMAGE") ?? "localhost/caur-builder:latest";
        using var client = await ClientContainer.FindAsync(context, image, _folders, _say, cancellationToken);
        var source = await SourceAsync(cancellationToken);
        var hub = new HubProcess(_folders, context.Time);
        if (await hub.StopLeftoverAsync() is { } leftover)
        {
            _say.Note($"The hub of an earlier demo, process {leftover}, was still there and is ended now");
        }

        await DemoBuilders.StopLeftoversAsync(_folders, _say, context.Time);
        var builders = options.Builders > 0 ? new DemoBuilders(_folders, options.Builders, _say, context.Time) : null;
        var port = ChoosePort();
        var kept = false;
        FarmClient? farm = null;
        try
        {
            farm = await StartAsync(hub, port, image, source, cancellationToken);
            if (builders is not null)
            {
                await builders.StartAsync(farm, port, cancellationToken);
            }

            var good = await hub.WhileAliveAsync(token => WorkAsync(farm, builders, port, client, source, since, token), cancellationToken);
            if (options.Keep)
            {
                kept = true;
                SayHowToGoOn(port, hub.Id);
            }

            return good ? ExitCodes.Ok : ExitCodes.Failed;
        }
        finally
        {
            if (!kept && hub.Id != 0)
            {
                if (builders is not null)
                {
                    await builders.StopAsync(farm);
                }

                _say.Note("Ending the hub");
                await hub.StopAsync();
            }

            farm?.Dispose();
        }
    }

    private async Task<bool> WorkAsync(
        FarmClient farm, DemoBuilders? builders, int port, ClientContainer client, SampleRepository source, long since, CancellationToken cancellationToken)
    {
        _say.Step("Scheduling every package");
        var scheduled = context.Time.GetTimestamp();
        var reply = await farm.ScheduleAsync(
            new ScheduleBody { Arch = _arch, SourceRepo = Repository, TargetRepo = Repository, All = true, Operation = Guid.NewGuid() }, cancellationToken);
        foreach (var note in reply.Notes)
        {
            _say.Note(note);
        }

        var ends = await FollowAsync(farm, builders, reply, cancellationToken);
        var buildTime = context.Time.GetElapsedTime(scheduled);
        _say.Step("What became of each package");
        DemoReport.Write(context, ends, reply.Refused, source.Expectations);
        var problems = source.Expectations?.Mismatches(DemoReport.States(ends, reply.Refused)).ToList() ?? [];
        if (ends.Any(end => !end.IsSettled))
        {
            problems.Add($"not everything ended within {options.Timeout} (--timeout)");
        }

        if (builders is not null && await builders.ReviveAsync(farm, cancellationToken) is { } wrong)
        {
            problems.Add(wrong);
        }

        if (ends.Any(end => end.State is BuildState.Published or BuildState.AlreadyBuilt))
        {
            _say.Step("A clean container trusts the farm's key, installs everything with pacman and runs it");
            var server = string.Create(CultureInfo.InvariantCulture, $"http://host.docker.internal:{port}/repos/{Repository}/{_arch}");
            var key = await farm.PublicKeyAsync(cancellationToken);
            var upgrade = source.Expectations is not null && ends.Any(end => end.Build.Pkgbase == SampleRelease.Pkgbase && end.EndedWell)
                ? new DemoUpgrade(farm, Repository, source, _say, context.Time)
                : null;
            var installed = await client.InstallAsync(
                Repository,
                server,
                key,
                strict: source.Expectations is not null,
                upgrade is null ? null : (upgrade.Version, async token => problems.AddRange(await upgrade.RunAsync(token))),
                cancellationToken);
            if (!installed)
            {
                problems.Add($"the client could not install everything and run it{(upgrade is null ? "" : ", or not upgrade it")}");
            }
        }
        else
        {
            problems.Add("nothing was published, so there is nothing to install");
        }

        _say.Step(problems.Count > 0 ? "Not everything came out as it should" : source.Expectations is null ? "Done" : "Everything came out as it should");
        foreach (var problem in problems)
        {
            _say.Note(problem);
        }

        _say.Note(string.Create(CultureInfo.InvariantCulture, $"repository: http://localhost:{port}/repos/{Repository}/{_arch}{(options.Keep ? "" : " (while the farm runs: --keep)")}"));
        _say.Note($"from schedule to the last final state: {DemoSay.Seconds(buildTime)}");
        _say.Note($"altogether: {DemoSay.Seconds(context.Time.GetElapsedTime(since))}");
        return problems.Count == 0;
    }

    private async Task<SampleRepository> SourceAsync(CancellationToken cancellationToken)
    {
        try
        {
            var source = await SampleRepository.PrepareAsync(options, _folders, context, cancellationToken);
            _say.Step($"Source repository {source.Url}");
            _say.Note(source.Note);
            return source;
        }
        catch (FormatException error)
        {
            throw new FarmException(ExitCodes.Failed, error.Message, error);
        }
        catch (ProgramNotFoundException error)
        {
            throw new FarmException(ExitCodes.Failed, $"{error.Message}. './caur setup' installs what is missing.", error);
        }
    }

    private async Task<FarmClient> StartAsync(HubProcess hub, int port, string image, SampleRepository source, CancellationToken cancellationToken)
    {
        _say.Step(string.Create(CultureInfo.InvariantCulture, $"Starting the hub: caur database --web-port {port}"));
        var since = context.Time.GetTimestamp();
        var variables = new Dictionary<string, string>
        {
            ["PACKAGE_REPOS"] = JsonSerializer.Serialize(new Dictionary<string, object> { [Repository] = new { url = source.Url } }),
            ["PACKAGE_TARGET_REPOS"] = JsonSerializer.Serialize(new Dictionary<string, object> { [Repository] = new { architectures = new[] { _arch } } }),
            ["BUILDER_IMAGE"] = image,
            ["BUILDER_HOSTNAME"] = "demo",
            ["CAUR_SLOTS"] = options.Builders > 0 ? "0" : context.Variable("CAUR_SLOTS") ?? Math.Max(2, Environment.ProcessorCount / 2).ToString(CultureInfo.InvariantCulture),
        };
        if (source.Expectations is not null)
        {
            variables["CAUR_STALL_TIMEOUT"] = SamplesStallSeconds.ToString(CultureInfo.InvariantCulture);
            variables["CAUR_FOLLOW"] = "true";
            variables["CAUR_FOLLOW_INTERVAL"] = "2";
        }

        Directory.CreateDirectory(_folders.Farm);
        await hub.StartAsync(port, variables, cancellationToken);
        var server = CommonOptions.Address(string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}"));
        using (var anonymous = new FarmClient(server, null, context.Time))
        {
            await hub.ReadyAsync(anonymous, cancellationToken);
        }

        _say.Note($"process {hub.Id}, ready after {DemoSay.Seconds(context.Time.GetElapsedTime(since))}, log {_folders.HubLog}");
        var token = await File.ReadAllTextAsync(Path.Combine(_folders.Farm, CommonOptions.AdminTokenFile), cancellationToken);
        return new FarmClient(server, token.Trim(), context.Time);
    }

    private async Task<IReadOnlyList<BuildProgress>> FollowAsync(FarmClient farm, DemoBuilders? builders, ScheduleReply reply, CancellationToken cancellationToken)
    {
        _say.Step($"Building {reply.Builds.Length} packages");
        using var limit = new CancellationTokenSource(options.Timeout, context.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var logs = new DemoLogs(farm, _say, context.Time, linked.Token);
        var last = reply.Builds.ToDictionary(build => build.Build, build => BuildProgress.Unknown(build.Build) with { State = BuildState.Waiting });
        var said = new Dictionary<string, string>(StringComparer.Ordinal);
        var killing = Task.CompletedTask;
        try
        {
            await new BuildFollower(farm, context.Time)
            {
                Note = _say.Note,
                Stand = () => killing = builders is not null && killing.IsCompleted ? builders.ChangedAsync([.. last.Values]) : killing,
            }.FollowAsync(
                [.. reply.Builds.Select(build => build.Build)],
                status =>
                {
                    last[status.Build] = status;
                    logs.Changed(status);
                    if (status.State is not (BuildState.Waiting or BuildState.Assigned) || status.IsHeld)
                    {
                        SayOnce(said, status);
                    }
                },
                linked.Token);
            await logs.EndAsync();
            await killing;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            _say.Note($"The time is over ({options.Timeout}, --timeout)");
        }

        return [.. reply.Builds.Select(build => last[build.Build])];
    }

    private void SayOnce(Dictionary<string, string> said, BuildProgress status)
    {
        var line = FollowOutput.Line(status);
        if (!said.TryGetValue(status.Build.Pkgbase, out var before) || before != line)
        {
            said[status.Build.Pkgbase] = line;
            _say.Step(line);
        }
    }

    private int ChoosePort()
    {
        var port = options.Port ?? DefaultPort;
        if (FreePort.IsFree(port))
        {
            return port;
        }

        if (options.Port is not null || options.Keep)
        {
            throw new FarmException(
                ExitCodes.Failed, string.Create(CultureInfo.InvariantCulture, $"port {port} is taken by another program; choose another one with --port"));
        }

        var other = FreePort.Find();
        _say.Note(string.Create(CultureInfo.InvariantCulture, $"Port {port} is taken by another program, so the farm takes {other}"));
        return other;
    }

    private FileStream Lock()
    {
        try
        {
            return new FileStream(_folders.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (Directory.Exists(_folders.Root))
        {
            throw new FarmException(ExitCodes.Failed, $"another demo works in {_folders.Root}; wait for it, or choose another folder with --data", error);
        }
    }

    private void SayHowToGoOn(int port, int process)
    {
        var farm = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}");
        _say.Step($"The farm goes on at {farm}");
        _say.Note($"export CAUR_DATA={_folders.Farm}{(port == DefaultPort ? "" : $" CAUR_URL={farm}")}");
        _say.Note("./caur queue                        what is queued, and why it waits");
        _say.Note("./caur schedule --all --follow      builds again what has changed");
        _say.Note("./caur logs -f hello-c              a build's log as it comes");
        _say.Note($"kill {process,-30} ends it, and so does the next ./caur demo");
    }
}
