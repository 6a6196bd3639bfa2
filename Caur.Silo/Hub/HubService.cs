using Caur.Api.Audit;
using Caur.Api.Auth;
using Caur.Api.Health;
using Caur.Api.Link;
using Caur.Api.Queue;
using Caur.Silo.Engines;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Storage.Signing;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Hub;

/// <summary>Brings the farm up: a key and an admin's token where there are none, the queues with what they had; and sweeps logs.</summary>
internal sealed partial class HubService(
    GpgSigner signer,
    SigningKeyInstruments keys,
    TokenStore tokens,
    AuditLog audit,
    DataFolders folders,
    QueueReader queues,
    LogSweeper logs,
    LandingZone landing,
    IOptions<LinkOptions> links,
    FarmHealth health,
    IServer server,
    TimeProvider clock,
    IHostApplicationLifetime lifetime,
    HubFailure failure,
    ILogger<HubService> logger) : BackgroundService
{
    /// <summary>Of 20 s each.</summary>
    private const int MostTries = 15;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(6);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = lifetime.ApplicationStopping.Register(health.Stopping);
        try
        {
            EnsureIncoming();

            // Where several begin at the same time on one folder, one key and one token are made.
            using (await TakeFirstAsync(stoppingToken))
            {
                await EnsureKeyAsync(stoppingToken);
                await EnsureTokenAsync(stoppingToken);
            }

            // A queue that is asked reads its records back and looks after what ran.
            foreach (var arch in queues.Architectures)
            {
                await WakeAsync(arch);
            }

            await StartedAsync(stoppingToken);
            health.Started();
            LogUp(logger, string.Join(", ", server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []), folders.Root);
            while (true)
            {
                await SweepAsync(stoppingToken);
                await Task.Delay(SweepEvery, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The hub ends.
        }
        catch
        {
            failure.Note();
            throw;
        }
    }

    /// <summary>Now rather than with the first archive: the folder's group may have to be changed (docs/builders.md).</summary>
    private void EnsureIncoming()
    {
        if (links.Value.SftpHost is { Length: > 0 } && landing.IncomingProblem() is { } problem)
        {
            LogNoIncoming(logger, landing.IncomingFolder, problem);
        }
    }

    /// <summary>A farm without a key publishes nothing; one that has several is told so, and publishes nothing until one is chosen.</summary>
    private async Task EnsureKeyAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A farm that has published and lost its key must not go on with another one, which no client trusts; nor does a second silo of a
            // cluster make one beside the first's.
            var shown = PublishedKey.PathIn(folders);
            var key = HasPublished() || File.Exists(shown)
                ? await signer.GetKeyAsync(cancellationToken)
                : await signer.EnsureKeyAsync("Caur package farm", cancellationToken);
            keys.Report(key);
            LogKey(logger, key.Fingerprint);
            await AtomicFile.WriteAsync(shown, System.Text.Encoding.ASCII.GetBytes(await signer.ExportArmoredAsync(cancellationToken)), cancellationToken);
        }
        catch (GpgException problem)
        {
            keys.ReportNone();
            LogNoKey(logger, problem.Message);
        }
    }

    /// <summary>Making a key can take longer than whoever holds such a lock otherwise does.</summary>
    private async Task<FileMutex> TakeFirstAsync(CancellationToken cancellationToken)
    {
        var path = Path.Combine(folders.Root, "first.lock");
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await FileMutex.TakeAsync(path, clock, cancellationToken);
            }
            catch (IOException held) when (tries < MostTries && !DiskSpace.IsFull(held))
            {
                LogWaiting(logger, path, held.Message);
            }
        }
    }

    private async Task WakeAsync(string arch)
    {
        try
        {
            LogQueue(logger, arch, (await queues.Queue(arch).GetAsync()).Items.Length);
        }
        catch (Exception exception)
        {
            // The others work all the same, and this one is tried again with every call.
            LogNoQueue(logger, arch, exception);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (FarmEngine.IsCluster)
            {
                // What is older than a day nobody writes any more.
                Leftovers.Sweep(folders, clock.GetUtcNow() - TimeSpan.FromDays(1));
            }

            landing.SweepIncoming(clock.GetUtcNow() - LandingZone.KeepIncoming);
            await logs.SweepAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogNotSwept(logger, exception);
        }
    }

    private bool HasPublished() => Directory.EnumerateDirectories(folders.Repositories)
        .SelectMany(Directory.EnumerateDirectories)
        .Any(repository => Directory.Exists(Path.Combine(repository, ".gen")));

    private async Task EnsureTokenAsync(CancellationToken cancellationToken)
    {
        var path = Path.Combine(folders.Root, "admin.token");
        if (File.Exists(path) && tokens.Find((await File.ReadAllTextAsync(path, cancellationToken)).Trim()) is not null)
        {
            return;
        }

        var token = await LocalAudit.RunAsync(audit, "caur database", new { role = TokenRole.Admin, name = "first admin" }, async () =>
        {
            var (made, secret) = await tokens.CreateAsync(TokenRole.Admin, "first admin", null, cancellationToken);
            return (secret, $"made the token {made.Id}");
        });
        await AtomicFile.WriteAsync(
            path,
            System.Text.Encoding.ASCII.GetBytes($"{token}\n"),
            cancellationToken,
            UnixFileMode.UserRead | UnixFileMode.UserWrite);
        LogToken(logger, path);
    }

    private async Task StartedAsync(CancellationToken cancellationToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Another process begins on this data folder and holds {Path}: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string path, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Queue {Arch} has {Count} builds")]
    private static partial void LogQueue(ILogger logger, string arch, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Queue {Arch} could not be read back; nothing of it is built until it can")]
    private static partial void LogNoQueue(ILogger logger, string arch, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old logs and uploads could not be looked through")]
    private static partial void LogNotSwept(ILogger logger, Exception exception);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "No archive can be taken over by SFTP, and all go through the gateway: the hub's user has to own {Folder}, to read, enter and write it: {Problem}")]
    private static partial void LogNoIncoming(ILogger logger, string folder, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "The farm is up at {Addresses} with its data in {Folder}")]
    private static partial void LogUp(ILogger logger, string addresses, string folder);

    [LoggerMessage(Level = LogLevel.Information, Message = "Packages and databases are signed by {Fingerprint}")]
    private static partial void LogKey(ILogger logger, string fingerprint);

    [LoggerMessage(Level = LogLevel.Error, Message = "Nothing can be published: {Problem}")]
    private static partial void LogNoKey(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "An admin's token is in {Path}, which only this user can read")]
    private static partial void LogToken(ILogger logger, string path);
}
