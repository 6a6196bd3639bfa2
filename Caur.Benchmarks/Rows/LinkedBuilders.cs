using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Caur.Benchmarks.Running;
using Caur.Builder.Containers;
using Caur.Builder.Engines;
using Caur.Contracts.Events;

namespace Caur.Benchmarks.Rows;

/// <summary>A hub and two builders, each a process of its own, joined over the builder link. One dies or freezes while it builds in a real
/// container; the other goes on.</summary>
internal sealed class LinkedBuilders(BenchRun run, EngineClient engine)
{
    private const string Victims = "the-victims";
    private const int Others = 100;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>What was seen, in seconds.</summary>
    /// <param name="Lost">From the end until the builder was shown as lost.</param>
    /// <param name="Given">Until another had its build.</param>
    /// <param name="Before">How long another's build took before, from the order to its end.</param>
    /// <param name="Meanwhile">The longest that one took meanwhile.</param>
    public sealed record Seen(double Lost, double Given, double Before, double Meanwhile);

    /// <summary>What builds run in, as a hub of this environment says it.</summary>
    public static string Image =>
        Environment.GetEnvironmentVariable("BUILDER_IMAGE") ?? Environment.GetEnvironmentVariable("CAUR_BUILDER_IMAGE") ?? "localhost/caur-builder:latest";

    /// <summary>The container engine where builds can run, or why there is none.</summary>
    public static async Task<(EngineClient? Engine, string WhyNot)> EngineAsync(CancellationToken cancellationToken)
    {
        var options = new EngineOptions();
        options.ReadEnvironment(Environment.GetEnvironmentVariable);
        var engine = new EngineClient(options, TimeProvider.System);
        try
        {
            return await engine.InspectImageAsync(Image, cancellationToken) is not null
                ? (engine, "")
                : (null, $"there is no image {Image}; ./caur image makes it");
        }
        catch (EngineException error)
        {
            return (null, $"no container engine: {error.Message}");
        }
    }

    /// <summary>Makes the packages.</summary>
    public async Task<string> SourceAsync(CancellationToken cancellationToken)
    {
        var folder = run.NewFolder();
        await WriteAsync(Victims, "  echo begun; sleep 600\n");
        for (var i = 0; i < Others; i++)
        {
            await WriteAsync($"another-{i}", "  :\n");
        }

        return await SourceRepository.CommitAsync(run, folder, cancellationToken);

        async Task WriteAsync(string pkgbase, string build)
        {
            var path = Directory.CreateDirectory(Path.Combine(folder, pkgbase)).FullName;
            await File.WriteAllTextAsync(
                Path.Combine(path, "PKGBUILD"),
                $"pkgname={pkgbase}\npkgver=1\npkgrel=1\narch=(any)\nlicense=(MIT)\nbuild() {{\n{build}}}\npackage() {{\n  install -d \"$pkgdir/usr/share\"\n}}\n",
                cancellationToken);
            await File.WriteAllTextAsync(
                Path.Combine(path, ".SRCINFO"),
                $"pkgbase = {pkgbase}\n\tpkgver = 1\n\tpkgrel = 1\n\tarch = any\n\tlicense = MIT\n\npkgname = {pkgbase}\n",
                cancellationToken);
        }
    }

    /// <summary>Lets a builder die, or freeze, while it builds.</summary>
    public async Task<Seen> OnceAsync(string source, bool kill, CancellationToken cancellationToken)
    {
        var (victim, other) = ($"victim-{Guid.NewGuid():n}", $"other-{Guid.NewGuid():n}");
        await using var hub = await HubProcess.StartAsync(run.NewFolder(), source, cancellationToken);
        try
        {
            await using var dying = await BuilderProcess.StartAsync(hub, victim, 1, run.NewFolder(), cancellationToken);
            var build = await ScheduleAsync(hub, Victims, cancellationToken);
            var log = $"/api/logs/{Victims}/{build.Split('/')[^1]}?follow=false";
            await UntilAsync(async () => (await hub.Http.GetStringAsync(log, cancellationToken)).Contains("begun", StringComparison.Ordinal), "its build began", cancellationToken);
            await using var living = await BuilderProcess.StartAsync(hub, other, 2, run.NewFolder(), cancellationToken);

            // The first one of a builder looks at the image and clones the source.
            var number = 0;
            await BuildAsync(hub, number++, cancellationToken);
            var before = await BuildAsync(hub, number++, cancellationToken);
            var died = Stopwatch.GetTimestamp();
            var lost = LostAsync(hub, dying, victim, kill, cancellationToken);
            var given = SecondsUntilAsync(
                died,
                async () => await hub.BuilderAsync(other, cancellationToken) is { } has && has.Running.Any(one => one.Build.ToString() == build),
                "its build is another's",
                cancellationToken);
            var slowest = 0.0;
            do
            {
                slowest = Math.Max(slowest, await BuildAsync(hub, number++ % Others, cancellationToken));
            }
            while (!lost.IsCompleted || !given.IsCompleted);

            return new Seen(await lost, await given, before, slowest);
        }
        finally
        {
            // What runs of theirs: they were not given the time to end it.
            foreach (var builder in (string[])[victim, other])
            {
                foreach (var container in await engine.ListAsync([$"{ContainerLabels.Builder}={builder}"], CancellationToken.None))
                {
                    await engine.RemoveAsync(container.Id, CancellationToken.None);
                }
            }
        }
    }

    /// <summary>Lets a builder die that has nothing to build: the link alone.</summary>
    /// <returns>How long it took until it was shown as lost, in seconds.</returns>
    public static async Task<double> IdleAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var source = await SourceRepository.MakeAsync(run, new GeneratedPackages(10), cancellationToken);
        await using var hub = await HubProcess.StartAsync(run.NewFolder(), source, cancellationToken);
        var name = $"victim-{Guid.NewGuid():n}";
        await using var dying = await BuilderProcess.StartAsync(hub, name, 1, run.NewFolder(), cancellationToken);
        return await LostAsync(hub, dying, name, kill: true, cancellationToken);
    }

    private static async Task<double> LostAsync(HubProcess hub, BuilderProcess dying, string name, bool kill, CancellationToken cancellationToken)
    {
        var died = Stopwatch.GetTimestamp();
        if (kill)
        {
            dying.Kill();
        }
        else
        {
            await dying.FreezeAsync(cancellationToken);
        }

        return await SecondsUntilAsync(
            died, async () => await hub.BuilderAsync(name, cancellationToken) is { State: BuilderPresence.Lost }, "it is shown as lost", cancellationToken);
    }

    private static async Task<string> ScheduleAsync(HubProcess hub, string pkgbase, CancellationToken cancellationToken)
    {
        using var answer = await hub.Http.PostAsJsonAsync(
            "/api/queue/schedule", new { source_repo = "packages", target_repo = "farm", packages = new[] { new { pkgbase } } }, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("builds")[0].GetProperty("build").GetString()!;
    }

    /// <summary>Has another package built to its end.</summary>
    /// <returns>How long it took, in seconds.</returns>
    private static async Task<double> BuildAsync(HubProcess hub, int number, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var build = await ScheduleAsync(hub, $"another-{number}", cancellationToken);
        return await SecondsUntilAsync(
            started,
            async () => (await hub.Http.GetFromJsonAsync<JsonElement>($"/api/v1/builds/{build}", cancellationToken)).GetProperty("final").GetBoolean(),
            "another builder's build ends",
            cancellationToken);
    }

    private static async Task<double> SecondsUntilAsync(long since, Func<Task<bool>> condition, string what, CancellationToken cancellationToken)
    {
        await UntilAsync(condition, what, cancellationToken);
        return Stopwatch.GetElapsedTime(since).TotalSeconds;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            BenchRun.Check(Stopwatch.GetElapsedTime(started) < Patience, $"it did not come so far that {what}");
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }
    }
}
