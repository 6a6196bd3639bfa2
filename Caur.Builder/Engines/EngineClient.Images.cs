using System.Text.Json;

namespace Caur.Builder.Engines;

internal sealed partial class EngineClient
{
    /// <summary>Returns null when the image is not present.</summary>
    public async Task<ImageInspection?> InspectImageAsync(string reference, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await CallAsync(
                HttpMethod.Get, $"images/{Uri.EscapeDataString(reference)}/json", null, EngineFailure.ImageNotFound, cancellationToken);
            return await ReadAsync(answer, EngineJsonContext.Default.ImageInspection, cancellationToken);
        }
        catch (EngineException error) when (error.Failure == EngineFailure.ImageNotFound)
        {
            return null;
        }
    }

    /// <summary>Pulls an image and reports each line of progress. A registry's refusal is an <see cref="EngineException"/> too, also when
    /// it comes in the middle of the answer, whose status was 200 by then.</summary>
    public async Task PullImageAsync(string reference, Action<PullProgress>? progress, CancellationToken cancellationToken)
    {
        var (name, tag) = ImageReference.Split(reference);
        var query = $"images/create?fromImage={Uri.EscapeDataString(name)}" + (tag is null ? "" : $"&tag={Uri.EscapeDataString(tag)}");
        using var answer = await CallAsync(HttpMethod.Post, query, null, EngineFailure.ImageNotFound, cancellationToken, unlimited: true);
        try
        {
            using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
            while (await lines.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.Length == 0 || JsonSerializer.Deserialize(line, EngineJsonContext.Default.PullProgress) is not { } step)
                {
                    continue;
                }

                if (step.Error is { } said)
                {
                    var missing = said.Contains("not found", StringComparison.OrdinalIgnoreCase)
                        || said.Contains("manifest unknown", StringComparison.OrdinalIgnoreCase);
                    throw new EngineException(missing ? EngineFailure.ImageNotFound : EngineFailure.Refused, $"The container engine said: {said}");
                }

                progress?.Invoke(step);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Unreachable(error);
        }
        catch (JsonException error)
        {
            throw new EngineException(EngineFailure.Refused, $"The container engine at {Address} answered what is no JSON: {error.Message}", error);
        }
    }
}
