using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Storage.Files;

namespace Caur.Api.Auth;

/// <summary>The tokens of a farm: one file in its data folder. It is read anew when it changed, and changed under a lock, so that <c>caur
/// token</c> works beside a running hub: both see at once what the other did, and neither undoes it.</summary>
public sealed class TokenStore(string path, TimeProvider clock)
{
    /// <summary>A file that was written so shortly ago may be written again without a change of its time or size that would show.</summary>
    private static readonly TimeSpan TooFresh = TimeSpan.FromSeconds(1);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly Lock _lock = new();
    private (DateTime Written, long Size) _seen;
    private IReadOnlyList<TokenRecord> _records = [];

    /// <summary>All tokens, the oldest first.</summary>
    /// <exception cref="TokensUnreadableException">The file is damaged, or cannot be read.</exception>
    public IReadOnlyList<TokenRecord> List()
    {
        lock (_lock)
        {
            var file = new FileInfo(path);
            var now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
            if (now != _seen)
            {
                _records = file.Exists ? Read() : [];
                var age = clock.GetUtcNow().UtcDateTime - now.LastWriteTimeUtc;
                _seen = age > TooFresh || !file.Exists ? now : default;
            }

            return _records;
        }
    }

    /// <summary>Makes a token.</summary>
    /// <returns>What is kept, and the token: it is shown once and never again.</returns>
    public Task<(TokenRecord Record, string Token)> CreateAsync(
        TokenRole role, string name, DateTimeOffset? expires, CancellationToken cancellationToken) =>
        CreateAsync(new TokenOrder { Role = role, Name = name, Expires = expires }, cancellationToken);

    /// <summary>Makes a token.</summary>
    /// <returns>What is kept, and the token: it is shown once and never again.</returns>
    public async Task<(TokenRecord Record, string Token)> CreateAsync(TokenOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        using var mutex = await FileMutex.TakeAsync($"{path}.lock", clock, cancellationToken);
        var records = List();
        var before = order.Operation is null ? null : records.FirstOrDefault(record => record.Operation == order.Operation);
        var token = $"caur_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))}";
        var record = new TokenRecord
        {
            Id = before?.Id ?? NewId(records),
            Role = order.Role,
            Name = order.Name,
            Hash = Hash(token),
            Created = clock.GetUtcNow(),
            Expires = order.Expires,
            Targets = order.Targets.Count > 0 ? [.. order.Targets] : null,
            Operation = order.Operation,
        };
        await SaveAsync([.. records.Where(other => other != before), record], cancellationToken);
        return (record, token);
    }

    /// <summary>Ends a token.</summary>
    /// <returns>False when there is none of that id.</returns>
    public async Task<bool> RevokeAsync(string id, CancellationToken cancellationToken)
    {
        using var mutex = await FileMutex.TakeAsync($"{path}.lock", clock, cancellationToken);
        var records = List();
        var left = records.Where(record => record.Id != id).ToList();
        if (left.Count == records.Count)
        {
            return false;
        }

        await SaveAsync(left, cancellationToken);
        return true;
    }

    /// <summary>Whose token this is; null when it is nobody's, or has ended. Takes the same time whichever it is.</summary>
    public TokenRecord? Find(string token) => FindAlsoEnded(token) is { } found && !IsEnded(found) ? found : null;

    /// <summary>As <see cref="Find"/>, and finds those that have ended too.</summary>
    internal TokenRecord? FindAlsoEnded(string token)
    {
        var hash = Encoding.ASCII.GetBytes(Hash(token));
        TokenRecord? found = null;
        foreach (var record in List())
        {
            if (CryptographicOperations.FixedTimeEquals(hash, Encoding.ASCII.GetBytes(record.Hash)))
            {
                found = record;
            }
        }

        return found;
    }

    /// <summary>True when a token's time is over.</summary>
    public bool IsEnded(TokenRecord record) => record is { Expires: { } expires } && expires <= clock.GetUtcNow();

    private static string NewId(IReadOnlyList<TokenRecord> records)
    {
        while (true)
        {
            var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
            if (records.All(record => record.Id != id))
            {
                return id;
            }
        }
    }

    private List<TokenRecord> Read()
    {
        try
        {
            var records = JsonSerializer.Deserialize<List<TokenRecord>>(File.ReadAllText(path), Json) ?? throw new JsonException("it is empty");
            return records.All(record => record is { Id: not null, Hash: not null, Name: not null })
                ? records
                : throw new JsonException("a token has no id, hash or name");
        }
        catch (JsonException damage)
        {
            throw new TokensUnreadableException(
                $"The file of tokens, {path}, is damaged ({What(damage)}): put a backup in its place, or remove it: then a new admin's token is made",
                damage);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TokensUnreadableException($"The file of tokens, {path}, cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The framework's words name types of this program, and count lines from 0.</summary>
    private static string What(JsonException damage) =>
        damage.LineNumber is { } line ? string.Create(CultureInfo.InvariantCulture, $"line {line + 1} is not what the farm wrote") : damage.Message;

    private static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private Task SaveAsync(IReadOnlyList<TokenRecord> records, CancellationToken cancellationToken) =>
        AtomicFile.WriteAsync(path, JsonSerializer.SerializeToUtf8Bytes(records, Json), cancellationToken);
}
