using System.Collections.Concurrent;
using Caur.Api.Writes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Api.Auth;

/// <summary>Ends the streams and connections of a token that was revoked or has ended, within seconds; and keeps the times of last use.
/// A write that was begun is left to end.</summary>
internal sealed partial class TokenWatch(TokenStore tokens, TokenUses uses, TimeProvider clock, ILogger<TokenWatch> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<HttpContext, string> _open = new();

    /// <summary>Runs a request, which ends early when its token does.</summary>
    public async Task WatchAsync(HttpContext context, RequestDelegate next)
    {
        if (TokenIdentity.Of(context.User) is not { } token || context.IsWrite())
        {
            await next(context);
            return;
        }

        _open[context] = token.Id;
        try
        {
            await next(context);
        }
        finally
        {
            _open.TryRemove(context, out _);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await SaveAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        var saved = clock.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            EndRevoked();
            if (clock.GetElapsedTime(saved) >= SaveEvery)
            {
                await SaveAsync(stoppingToken);
                saved = clock.GetTimestamp();
            }
        }
    }

    private void EndRevoked()
    {
        if (_open.IsEmpty)
        {
            return;
        }

        HashSet<string> valid;
        try
        {
            valid = [.. tokens.List().Where(record => !tokens.IsEnded(record)).Select(record => record.Id)];
        }
        catch (TokensUnreadableException)
        {
            // Nobody new gets in; whoever is in stays until it is known that he may not.
            return;
        }

        foreach (var (context, id) in _open)
        {
            // With the token: a connection that goes on with the next request, of somebody else, is the same object.
            if (!valid.Contains(id) && _open.TryRemove(new(context, id)))
            {
                LogEnded(logger, id, context.Request.Path);
                context.Abort();
            }
        }
    }

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await uses.SaveAsync(tokens.List().Select(record => record.Id), cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogNotSaved(logger, error);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Token {Token} has ended, and with it its connection to {Path}")]
    private static partial void LogEnded(ILogger logger, string token, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "When tokens were last used could not be written")]
    private static partial void LogNotSaved(ILogger logger, Exception exception);
}
