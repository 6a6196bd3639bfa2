using System.Collections.Concurrent;
using System.Text.Json;
using Caur.Storage.Files;

namespace Caur.Api.Auth;

/// <summary>When each token was last used: in memory, and from time to time in a file of its own, so that a request writes nothing. What a
/// crash loses is a minute of it.</summary>
/// <param name="path">The file, which several processes may share: each adds what it knows.</param>
/// <param name="clock">Measures the wait for another process.</param>
public sealed class TokenUses(string path, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private ConcurrentDictionary<string, DateTimeOffset>? _uses;
    private bool _changed;

    /// <summary>Notes that a token was used.</summary>
    public void Note(string id, DateTimeOffset at)
    {
        // Seconds do, and a busy token then changes nothing most of the time.
        at = new DateTimeOffset(at.Ticks - (at.Ticks % TimeSpan.TicksPerSecond), at.Offset);
        var uses = Uses();
        if (!uses.TryGetValue(id, out var before) || before < at)
        {
            uses[id] = at;
            Volatile.Write(ref _changed, true);
        }
    }

    /// <summary>When a token was last used; null when it was not, or when that is not known.</summary>
    public DateTimeOffset? Last(string id) => Uses().TryGetValue(id, out var at) ? at : null;

    /// <summary>Writes the file when something changed, with the tokens that there are, and learns what other processes wrote to it.</summary>
    /// <param name="ids">The tokens.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public async Task SaveAsync(IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        if (!Interlocked.Exchange(ref _changed, false))
        {
            Merge();
            return;
        }

        try
        {
            using var mutex = await FileMutex.TakeAsync($"{path}.lock", clock, cancellationToken);
            var uses = Merge();
            foreach (var gone in uses.Keys.Except(ids))
            {
                uses.TryRemove(gone, out _);
            }

            await AtomicFile.WriteAsync(path, JsonSerializer.SerializeToUtf8Bytes(uses), cancellationToken);
        }
        catch
        {
            Volatile.Write(ref _changed, true);
            throw;
        }
    }

    /// <summary>Takes over what the file has that is later.</summary>
    private ConcurrentDictionary<string, DateTimeOffset> Merge()
    {
        var uses = Uses();
        foreach (var (id, at) in Read())
        {
            uses.AddOrUpdate(id, at, (_, known) => known < at ? at : known);
        }

        return uses;
    }

    private ConcurrentDictionary<string, DateTimeOffset> Uses()
    {
        lock (_lock)
        {
            return _uses ??= Read();
        }
    }

    private ConcurrentDictionary<string, DateTimeOffset> Read()
    {
        try
        {
            return File.Exists(path) && JsonSerializer.Deserialize<ConcurrentDictionary<string, DateTimeOffset>>(File.ReadAllBytes(path)) is { } read
                ? read
                : new();
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            // It is only for people to look at.
            return new();
        }
    }
}
