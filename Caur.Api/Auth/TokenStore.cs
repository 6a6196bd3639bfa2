using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Caur.Storage.Files;

namespace Caur.Api.Auth;

/// <summary>The tokens of a farm: one file in its data folder. It is read anew when it changed, so that <c>caur token</c> works beside a
/// running hub.</summary>
public sealed class TokenStore(string path, TimeProvider clock)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly Lock _lock = new();
    private (DateTime Written, long Size) _seen;
    private IReadOnlyList<TokenRecord> _records = [];

    /// <summary>All tokens, the oldest first.</summary>
    /// <exception cref="IOException">The file is damaged, or cannot be read. Nobody gets in then, and no token is lost.</exception>
    public IReadOnlyList<TokenRecord> List()
    {
        lock (_lock)
        {
            var file = new FileInfo(path);
            var now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
            if (now != _seen)
            {
                _records = file.Exists ? Read() : [];
                _seen = now;
            }

            return _records;
        }
    }

    /// <summary>Makes a token.</summary>
    /// <returns>What is kept, and the token: it is shown once and never again.</returns>
    public async Task<(TokenRecord Record, string Token)> CreateAsync(
        TokenRole role, string name, DateTimeOffset? expires, CancellationToken cancellationToken)
    {
        var token = $"caur_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))}";
        var record = new TokenRecord
        {
            Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)),
            Role = role,
            Name = name,
            Hash = Hash(token),
            Created = clock.GetUtcNow(),
            Expires = expires,
        };
        await SaveAsync([.. List(), record], cancellationToken);
        return (record, token);
    }

    /// <summary>Ends a token.</summary>
    /// <returns>False when there is none of that id.</returns>
    public async Task<bool> RevokeAsync(string id, CancellationToken cancellationToken)
    {
        var left = List().Where(record => record.Id != id).ToList();
        if (left.Count == List().Count)
        {
            return false;
        }

        await SaveAsync(left, cancellationToken);
        return true;
    }

    /// <summary>Whose token this is; null when it is nobody's, or has ended. Takes the same time whichever it is.</summary>
    public TokenRecord? Find(string token)
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

        return found is { Expires: { } expires } && expires <= clock.GetUtcNow() ? null : found;
    }

    private List<TokenRecord> Read()
    {
        try
        {
            return JsonSerializer.Deserialize<List<TokenRecord>>(File.ReadAllText(path), Json) ?? throw new JsonException("it is empty");
        }
        catch (JsonException damage)
        {
            throw new IOException(
                $"The file of tokens, {path}, is damaged ({damage.Message}): put a backup in its place, or remove it: then a new admin's token is made",
                damage);
        }
    }

    private static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private Task SaveAsync(IReadOnlyList<TokenRecord> records, CancellationToken cancellationToken) =>
        AtomicFile.WriteAsync(path, JsonSerializer.SerializeToUtf8Bytes(records, Json), cancellationToken);
}
