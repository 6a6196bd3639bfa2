using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Caur.Benchmarks.Running;
using Caur.Builder.Containers;
using Caur.Builder.Engines;
using Caur.Storage.Processes;

namespace Caur.Benchmarks.Rows;

/// <summary>How long somebody who schedules a build waits for its container.</summary>
internal sealed class ContainerStartRow : Benchmark
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public override string Name => "container-start";

    public override string Work => "from the start of 'caur schedule PACKAGE' to the start of the build's container, at a builder over the link";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var whole = run.Add("until the container runs", "ms");
        var (engine, whyNot) = await LinkedBuilders.EngineAsync(cancellationToken);
        if (engine is null)
        {
            run.CannotMeasure("the start of a container", whyNot);
            return;
        }

        using (engine)
        {
            var given = run.Add("of it: until a builder has accepted the build", "ms");
            var command = run.Add("beside it: until the command has ended", "ms");
            var alone = run.Add("docker run of the same image, which does nothing, until it runs", "ms", LineKind.Peer);
            run.Compare(whole, alone);
            run.Note($"The first build of a builder, which looks at the image and clones the source, is {(run.Quick ? "the one" : "not among them")}. When the container began is told by the engine.");
            var source = await new LinkedBuilders(run, engine).SourceAsync(cancellationToken);
            await using var hub = await HubProcess.StartAsync(run.NewFolder(), source, cancellationToken);
            var name = $"start-{Guid.NewGuid():n}";
            await using var builder = await BuilderProcess.StartAsync(hub, name, 1, run.NewFolder(), cancellationToken);
            if (!run.Quick)
            {
                await OnceAsync(hub, engine, name, 0, cancellationToken);
            }

            for (var i = 1; i <= run.Repeat; i++)
            {
                var seen = await OnceAsync(hub, engine, name, i, cancellationToken);
                run.Take(given, seen.Accepted);
                run.Take(whole, seen.Started);
                run.Take(command, seen.Command);
                run.Take(alone, await AloneAsync(engine, LinkedBuilders.Image, cancellationToken));
            }
        }
    }

    private static async Task<(double Accepted, double Started, double Command)> OnceAsync(
        HubProcess hub, EngineClient engine, string builder, int number, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string?> { ["CAUR_URL"] = hub.Url.ToString(), ["CAUR_TOKEN"] = hub.Token };
        var began = TimeProvider.System.GetUtcNow();
        var stopwatch = Stopwatch.GetTimestamp();
        var command = Task.Run(
            async () =>
            {
                var done = await CaurProcess.RunAsync(["schedule", "--json", $"another-{number}"], environment, cancellationToken);
                BenchRun.Check(done.Succeeded, $"caur schedule ended with {done.ExitCode}: {done.Error}");
                return (Stopwatch.GetElapsedTime(stopwatch).TotalMilliseconds, done.OutputText);
            },
            cancellationToken);

        // Other builds' containers are gone before: there is one slot.
        ContainerInspection? container = null;
        while (container?.State.StartedAt is not { Year: > 1 })
        {
            BenchRun.Check(Stopwatch.GetElapsedTime(stopwatch) < Patience, "no container was started");
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
            if (command.IsFaulted)
            {
                await command;
            }

            container = await engine.ListAsync([$"{ContainerLabels.Builder}={builder}"], cancellationToken) is [var one, ..]
                ? await engine.InspectAsync(one.Id, cancellationToken)
                : null;
        }

        var started = container.State.StartedAt.Value;
        var (took, text) = await command;
        var build = JsonDocument.Parse(text).RootElement.GetProperty("builds")[0].GetProperty("build").GetString();
        var view = default(JsonElement);
        while (view.ValueKind == JsonValueKind.Undefined || !view.GetProperty("final").GetBoolean())
        {
            BenchRun.Check(Stopwatch.GetElapsedTime(stopwatch) < Patience, "the build did not end");
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
            view = await hub.Http.GetFromJsonAsync<JsonElement>($"/api/v1/builds/{build}", cancellationToken);
        }

        // It is removed after its build has ended; the next one's is not this one's.
        while ((await engine.ListAsync([$"{ContainerLabels.Builder}={builder}"], cancellationToken)).Count > 0)
        {
            BenchRun.Check(Stopwatch.GetElapsedTime(stopwatch) < Patience, "the container stayed");
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }

        var accepted = view.GetProperty("view").GetProperty("attempts")[0].GetProperty("accepted").GetDateTimeOffset();
        return ((accepted - began).TotalMilliseconds, (started - began).TotalMilliseconds, took);
    }

    /// <summary>The engine's own command, until its container runs.</summary>
    private static async Task<double> AloneAsync(EngineClient engine, string image, CancellationToken cancellationToken)
    {
        var name = $"caur-bench-{Guid.NewGuid():n}";
        var began = TimeProvider.System.GetUtcNow();
        var done = await new ProcessRunner(TimeProvider.System).RunAsync(
            new ProcessRequest { FileName = "docker", Arguments = ["run", "--name", name, "--network", "none", "--entrypoint", "true", image] }, cancellationToken);
        BenchRun.Check(done.Succeeded, $"docker run: {done.Error}");
        var started = (await engine.InspectAsync(name, cancellationToken))!.State.StartedAt!.Value;
        await engine.RemoveAsync(name, cancellationToken);
        return (started - began).TotalMilliseconds;
    }
}
