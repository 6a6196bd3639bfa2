using Caur.Api.Auth;

namespace Caur.Silo.Cli.Tokens;

/// <summary>A farm's tokens, at a gateway or in a data folder. Every failure is a <see cref="FarmException"/>.</summary>
internal interface ITokens : IAsyncDisposable
{
    /// <summary>Makes one.</summary>
    Task<TokenCreated> CreateAsync(TokenOrder order, CancellationToken cancellationToken);

    /// <summary>All, also those whose time is over.</summary>
    Task<IReadOnlyList<TokenView>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Ends one; false when there is none of that id.</summary>
    Task<bool> RevokeAsync(string id, CancellationToken cancellationToken);
}
