using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Caur.Builder.Engines;

namespace Caur.Builder.Images;

/// <summary>An image to run, or why there is none.</summary>
/// <param name="Id">The local id, which means this very image whatever becomes of its tag.</param>
/// <param name="Digest">The registry's digest, or the id where it came from no registry; for the record.</param>
/// <param name="Warning">It is here but could not be refreshed.</param>
/// <param name="Problem">Why there is none, and what to do.</param>
internal sealed record ImageResult(string? Id, string? Digest, string? Warning, string? Problem)
{
    [MemberNotNullWhen(true, nameof(Id), nameof(Digest))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool IsReady => Id is not null;
}

/// <summary>Sees to it that an image is present and not older than it should be. An image that names no registry, or names a digest, is
/// pulled only when it is absent; any other at most every <see cref="ImageOptions.RefreshAfter"/>.</summary>
internal sealed partial class ImageStore(EngineClient engine, ImageOptions options, TimeProvider time, ILogger<ImageStore> logger)
{
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public async Task<ImageResult> EnsureAsync(string reference, CancellationToken cancellationToken)
    {
        var entry = _entries.GetOrAdd(reference, _ => new Entry());
        await entry.Turn.WaitAsync(cancellationToken);
        try
        {
            var present = await engine.InspectImageAsync(reference, cancellationToken);
            var fixedImage = !ImageReference.NamesRegistry(reference) || ImageReference.IsPinned(reference);
            if (present is not null && (fixedImage || time.GetUtcNow() < entry.FreshUntil))
            {
                return new(present.Id, present.Digest, null, null);
            }

            var problem = await PullAsync(reference, cancellationToken);
            entry.FreshUntil = time.GetUtcNow() + (problem is null ? options.RefreshAfter : options.RetryAfter);
            if (problem is null)
            {
                present = await engine.InspectImageAsync(reference, cancellationToken);
                return present is null
                    ? new(null, null, null, $"The image {reference} was pulled, but the container engine does not have it.")
                    : new(present.Id, present.Digest, null, null);
            }

            if (present is null)
            {
                return new(null, null, null, $"The image {reference} is not on this builder and cannot be pulled: {problem} "
                    + "Load or build it here, or name another one in the farm's configuration (BUILDER_IMAGE).");
            }

            LogNotRefreshed(logger, reference, present.Digest, problem);
            return new(present.Id, present.Digest, $"The image {reference} could not be refreshed, so the one that is here is used: {problem}", null);
        }
        finally
        {
            entry.Turn.Release();
        }
    }

    private async Task<string?> PullAsync(string reference, CancellationToken cancellationToken)
    {
        LogPulling(logger, reference);
        var start = time.GetTimestamp();
        using var limit = new CancellationTokenSource(options.PullTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await engine.PullImageAsync(reference, step => LogPullStep(logger, reference, step.Id, step.Status), linked.Token);
            LogPulled(logger, reference, time.GetElapsedTime(start));
            return null;
        }
        catch (EngineException error)
        {
            return error.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"It took longer than {options.PullTimeout}.";
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Pulling image {Image}")]
    private static partial void LogPulling(ILogger logger, string image);

    [LoggerMessage(Level = LogLevel.Trace, Message = "Pulling {Image}: {Layer} {Status}")]
    private static partial void LogPullStep(ILogger logger, string image, string? layer, string? status);

    [LoggerMessage(Level = LogLevel.Information, Message = "Pulled image {Image} in {Elapsed}")]
    private static partial void LogPulled(ILogger logger, string image, TimeSpan elapsed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Image {Image} could not be refreshed; {Digest} is used on: {Problem}")]
    private static partial void LogNotRefreshed(ILogger logger, string image, string digest, string problem);

    private sealed class Entry
    {
        public SemaphoreSlim Turn { get; } = new(1);

        public DateTimeOffset FreshUntil { get; set; }
    }
}
