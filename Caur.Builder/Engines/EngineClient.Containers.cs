using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Caur.Builder.Engines;

internal sealed partial class EngineClient
{
    /// <summary>Makes a container; it does not run yet.</summary>
    public async Task<ContainerCreated> CreateAsync(string name, ContainerCreation creation, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(creation, EngineJsonContext.Default.ContainerCreation);

        // podman does not understand a chunked body's missing length everywhere, so the length is made known.
        await content.LoadIntoBufferAsync(cancellationToken);
        using var answer = await CallAsync(
            HttpMethod.Post, $"containers/create?name={Uri.EscapeDataString(name)}", content, EngineFailure.ImageNotFound, cancellationToken);
        return await ReadAsync(answer, EngineJsonContext.Default.ContainerCreated, cancellationToken);
    }

    /// <summary>Starts it; no error when it runs already.</summary>
    public async Task StartAsync(string id, CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(HttpMethod.Post, $"containers/{id}/start", null, EngineFailure.ContainerNotFound, cancellationToken);
    }

    /// <summary>Returns the exit code as soon as the container does not run; at once when it does not run now.</summary>
    public async Task<int> WaitAsync(string id, CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(
            HttpMethod.Post, $"containers/{id}/wait", null, EngineFailure.ContainerNotFound, cancellationToken, unlimited: true);
        return (await ReadAsync(answer, EngineJsonContext.Default.ContainerWait, cancellationToken)).StatusCode;
    }

    /// <summary>Sends a signal (<c>SIGINT</c>) to the first process.</summary>
    /// <returns>False when the container does not run or is gone.</returns>
    public async Task<bool> KillAsync(string id, string signal, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await CallAsync(
                HttpMethod.Post, $"containers/{id}/kill?signal={signal}", null, EngineFailure.ContainerNotFound, cancellationToken);
            return true;
        }
        catch (EngineException error) when (error.Failure == EngineFailure.ContainerNotFound
            || (error.Failure == EngineFailure.Refused && error.Message.Contains("not running", StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }
    }

    /// <summary>SIGTERM, and SIGKILL after <paramref name="grace"/> (whole seconds); returns when it has ended.</summary>
    public async Task StopAsync(string id, TimeSpan grace, CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(
            HttpMethod.Post, $"containers/{id}/stop?t={(int)Math.Ceiling(grace.TotalSeconds)}", null, EngineFailure.ContainerNotFound,
            cancellationToken, unlimited: true);
    }

    /// <summary>Returns null when there is no such container.</summary>
    public async Task<ContainerInspection?> InspectAsync(string idOrName, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await CallAsync(
                HttpMethod.Get, $"containers/{Uri.EscapeDataString(idOrName)}/json", null, EngineFailure.ContainerNotFound, cancellationToken);
            return await ReadAsync(answer, EngineJsonContext.Default.ContainerInspection, cancellationToken);
        }
        catch (EngineException error) when (error.Failure == EngineFailure.ContainerNotFound)
        {
            return null;
        }
    }

    /// <summary>Ends and removes it, with its anonymous volumes; no error when it is gone or going.</summary>
    public async Task RemoveAsync(string idOrName, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await CallAsync(
                HttpMethod.Delete, $"containers/{Uri.EscapeDataString(idOrName)}?force=true&v=true", null, EngineFailure.ContainerNotFound,
                cancellationToken);
        }
        catch (EngineException error) when (error.Failure == EngineFailure.ContainerNotFound
            || error.Message.Contains("already in progress", StringComparison.OrdinalIgnoreCase))
        {
            // Somebody else removed it, or is at it: what was wanted.
        }
    }

    /// <summary>Lists the containers, running or not, that carry all these labels.</summary>
    /// <param name="labels">Each <c>key</c> or <c>key=value</c>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<IReadOnlyList<ContainerSummary>> ListAsync(IReadOnlyList<string> labels, CancellationToken cancellationToken)
    {
        var filter = new Dictionary<string, string[]> { ["label"] = [.. labels] };
        var json = JsonSerializer.Serialize(filter, EngineJsonContext.Default.IReadOnlyDictionaryStringStringArray);
        using var answer = await CallAsync(
            HttpMethod.Get, $"containers/json?all=true&filters={Uri.EscapeDataString(json)}", null, EngineFailure.Refused, cancellationToken);
        return await ReadAsync(answer, EngineJsonContext.Default.IReadOnlyListContainerSummary, cancellationToken);
    }

    /// <summary>Attaches to the output. Done before the start, no byte of it is missed; a reader that pauses makes the container wait.</summary>
    /// <param name="id">The container.</param>
    /// <param name="tty">Whether it was created with a terminal: one raw stream then, framed ones otherwise.</param>
    /// <param name="cancellationToken">Ends the call, not the stream.</param>
    public async Task<Stream> AttachAsync(string id, bool tty, CancellationToken cancellationToken) => await OutputAsync(
        HttpMethod.Post, $"containers/{id}/attach?stream=true&stdout=true&stderr=true", tty, cancellationToken);

    /// <summary>Reads what the container said from its beginning, as the engine kept it, and goes on with what it says until it ends.</summary>
    /// <param name="id">The container.</param>
    /// <param name="tty">As for <see cref="AttachAsync"/>.</param>
    /// <param name="follow">False ends the stream with what is there now.</param>
    /// <param name="cancellationToken">Ends the call, not the stream.</param>
    public async Task<Stream> LogsAsync(string id, bool tty, bool follow, CancellationToken cancellationToken) => await OutputAsync(
        HttpMethod.Get, $"containers/{id}/logs?stdout=true&stderr=true&tail=all&follow={(follow ? "true" : "false")}", tty, cancellationToken);

    private async Task<Stream> OutputAsync(HttpMethod method, string path, bool tty, CancellationToken cancellationToken)
    {
        // No upgrade is asked for: the engine then answers 200 with a body that lasts as long as the connection, which HttpClient reads.
        var answer = await CallAsync(method, path, null, EngineFailure.ContainerNotFound, cancellationToken);
        try
        {
            if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.SwitchingProtocols))
            {
                throw new EngineException(EngineFailure.Refused, $"The container engine answered {(int)answer.StatusCode} to {path}.");
            }

            var raw = await answer.Content.ReadAsStreamAsync(cancellationToken);
            return tty ? new OwningStream(raw, answer) : new MultiplexedStream(raw, answer);
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }
}
