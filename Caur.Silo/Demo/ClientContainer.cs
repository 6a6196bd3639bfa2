using System.Globalization;
using Caur.Builder.Engines;
using Caur.Silo.Cli;

namespace Caur.Silo.Demo;

/// <summary>A clean container that installs what the farm published, as any user of the repository would.</summary>
internal sealed class ClientContainer(EngineClient engine, string image, DemoFolders folders, DemoSay say) : IDisposable
{
    private const string Label = "caur.demo";
    private const string Script = "Caur.Silo.Demo.client.bash";

    /// <summary>What the script says when everything is installed and it waits for a newer version.</summary>
    private const string Waits = "Waiting for ";

    public void Dispose() => engine.Dispose();

    /// <summary>The engine and the image, both known to be there.</summary>
    /// <exception cref="FarmException">One of them is not; the message says what to do.</exception>
    public static async Task<ClientContainer> FindAsync(CliContext context, string image, DemoFolders folders, DemoSay say, CancellationToken cancellationToken)
    {
        var options = new EngineOptions();
        options.ReadEnvironment(context.Variable);
        EngineClient? engine = null;
        try
        {
            engine = new EngineClient(options, context.Time);
            if (await engine.InspectImageAsync(image, cancellationToken) is null)
            {
                throw new FarmException(
                    ExitCodes.Failed, $"the container engine at {engine.Address} has no image {image}. './caur image' makes it; './caur demo' does so by itself.");
            }

            var client = new ClientContainer(engine, image, folders, say);
            await client.RemoveLeftoversAsync(cancellationToken);
            engine = null;
            return client;
        }
        catch (EngineException error)
        {
            throw new FarmException(
                ExitCodes.Failed, $"{error.Message}\n      Builds need docker or podman: './caur setup' starts one, DOCKER_HOST names one elsewhere.", error);
        }
        catch (ArgumentException error)
        {
            throw new FarmException(ExitCodes.Usage, error.Message, error);
        }
        finally
        {
            engine?.Dispose();
        }
    }

    /// <summary>Installs everything of a repository and runs its programs; then upgrades, when there is something to upgrade to.</summary>
    /// <param name="repository">Its name.</param>
    /// <param name="server">Its address as containers see it.</param>
    /// <param name="publicKey">The farm's, armored.</param>
    /// <param name="strict">Whether a program that fails is a failure.</param>
    /// <param name="upgrade">The version of <see cref="SampleRelease.Package"/> that is to come, and what has it come once all is installed; null for no upgrade.</param>
    /// <param name="cancellationToken">Ends it; the container is removed all the same.</param>
    /// <returns>True when all went well.</returns>
    public async Task<bool> InstallAsync(
        string repository,
        string server,
        string publicKey,
        bool strict,
        (string Version, Func<CancellationToken, Task> Publish)? upgrade,
        CancellationToken cancellationToken)
    {
        try
        {
            var podman = (await engine.VersionAsync(cancellationToken)).IsPodman;
            var container = await engine.CreateAsync(
                string.Create(CultureInfo.InvariantCulture, $"caur-demo-client-{Environment.ProcessId}"),
                new ContainerCreation
                {
                    Image = image,
                    Entrypoint = [],
                    Cmd = ["/bin/bash", "-c", await ScriptAsync(cancellationToken)],
                    User = "root",
                    Env = [$"REPOSITORY={repository}", $"SERVER={server}", $"PUBLIC_KEY={publicKey}", $"STRICT={(strict ? 1 : 0)}", $"UPGRADE={(upgrade is null ? "" : SampleRelease.Package)}", $"UPGRADE_TO={upgrade?.Version}"],
                    Labels = new Dictionary<string, string> { [Label] = folders.Root },
                    HostConfig = new HostConfiguration
                    {
                        NetworkMode = "bridge",

                        // podman puts the name into every container itself.
                        ExtraHosts = podman ? null : ["host.docker.internal:host-gateway"],
                    },
                },
                cancellationToken);
            try
            {
                await using var output = await engine.AttachAsync(container.Id, tty: false, cancellationToken);
                await engine.StartAsync(container.Id, cancellationToken);
                await ShowAsync(output, upgrade?.Publish, cancellationToken);
                return await engine.WaitAsync(container.Id, cancellationToken) == 0;
            }
            finally
            {
                await engine.RemoveAsync(container.Id, CancellationToken.None);
            }
        }
        catch (EngineException error)
        {
            throw new FarmException(ExitCodes.Failed, error.Message, error);
        }
    }

    private static async Task<string> ScriptAsync(CancellationToken cancellationToken)
    {
        await using var script = typeof(ClientContainer).Assembly.GetManifestResourceStream(Script)
            ?? throw new InvalidOperationException($"{Script} is not in this executable");
        using var reader = new StreamReader(script);
        return await reader.ReadToEndAsync(cancellationToken);
    }

    private async Task ShowAsync(Stream output, Func<CancellationToken, Task>? publish, CancellationToken cancellationToken)
    {
        var publishing = Task.CompletedTask;
        var lines = new PlainLines(line =>
        {
            say.Line("client", line);
            if (publish is not null && line.StartsWith(Waits, StringComparison.Ordinal))
            {
                publishing = publish(cancellationToken);
                publish = null;
            }
        });
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await output.ReadAsync(buffer, cancellationToken)) > 0)
        {
            lines.Add(buffer.AsSpan(0, read));
        }

        lines.End();
        await publishing;
    }

    /// <summary>A demo that was killed could not remove its container.</summary>
    private async Task RemoveLeftoversAsync(CancellationToken cancellationToken)
    {
        foreach (var container in await engine.ListAsync([$"{Label}={folders.Root}"], cancellationToken))
        {
            await engine.RemoveAsync(container.Id, cancellationToken);
        }
    }
}
