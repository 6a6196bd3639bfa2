using Caur.Api.Audit;
using Caur.Api.Auth;
using Caur.Contracts.Farm;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;

namespace Caur.Silo.Cli.Tokens;

/// <summary>The tokens in a hub's data folder on this machine, beside a running hub or before its first start.</summary>
internal sealed class FolderTokens : ITokens
{
    private readonly string _folder;
    private readonly CliContext _context;
    private readonly TokenStore _store;
    private readonly AuditLog _audit;

    /// <exception cref="FarmException">There is no such folder.</exception>
    public FolderTokens(string folder, CliContext context)
    {
        (_folder, _context) = (folder, context);
        _store = Directory.Exists(folder)
            ? new TokenStore(Path.Combine(folder, "tokens.json"), context.Time)
            : throw new FarmException(
                ExitCodes.Failed,
                $"there is no data folder {folder}. Run this on the hub's machine and name its data folder with --data or CAUR_DATA, or name the hub with --server and an admin's token with CAUR_TOKEN.");
        _audit = new AuditLog(Path.Combine(folder, "audit.log"), new AuditOptions { Files = int.MaxValue }, context.Time);
    }

    public async Task<TokenCreated> CreateAsync(TokenOrder order, CancellationToken cancellationToken)
    {
        var (record, token) = await AuditedAsync(
            "caur token create", new { order.Role, order.Name, order.Expires, order.Targets }, async () =>
            {
                var made = await _store.CreateAsync(order, cancellationToken);
                return (made, $"made the token {made.Record.Id}");
            });
        return TokenCreated.Of(order, record, token, Targets());
    }

    public Task<IReadOnlyList<TokenView>> ListAsync(CancellationToken cancellationToken)
    {
        // As the hub wrote it last: a minute ago at most.
        var uses = new TokenUses(Path.Combine(_folder, "tokens.used.json"), _context.Time);
        return Task.FromResult(Read(() => TokenView.List(_store, uses)));
    }

    public async Task<bool> RevokeAsync(string id, CancellationToken cancellationToken)
    {
        Read(_store.List);
        return await AuditedAsync("caur token revoke", new { id }, async () =>
        {
            var revoked = await _store.RevokeAsync(id, cancellationToken);
            return (revoked, revoked ? $"ended the token {id}" : "there is no such token");
        });
    }

    public ValueTask DisposeAsync()
    {
        _audit.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The target repositories of this machine's settings, which need not be those that the hub was started with; null when they
    /// cannot be read.</summary>
    private ICollection<string>? Targets()
    {
        var settings = ConfigurationCheck.Run(null, _context.Variable, _folder);
        if (settings.Variable("PACKAGE_TARGET_REPOS") is null)
        {
            return null;
        }

        try
        {
            var farm = new FarmOptions();
            FarmEnvironment.Read(farm, settings.Variable);
            return farm.TargetRepositories.Keys;
        }
        catch (HubSettingsException)
        {
            // 'caur config check' says what is wrong with them; a token does not need them.
            return null;
        }
    }

    private static T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (IOException error)
        {
            throw new FarmException(ExitCodes.Failed, error.Message, error);
        }
    }

    private async Task<T> AuditedAsync<T>(string verb, object what, Func<Task<(T Result, string Outcome)>> act)
    {
        try
        {
            return await LocalAudit.RunAsync(_audit, verb, what, act);
        }
        catch (AuditException error)
        {
            throw new FarmException(ExitCodes.Failed, $"nothing was done: {error.Message}", error);
        }
    }
}
