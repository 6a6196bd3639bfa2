using System.Net;
using System.Text.Json;
using Caur.Api.Auth;

namespace Caur.Silo.Cli.Tokens;

/// <summary>The tokens of a hub that an admin's token opens, by <c>/api/v1/tokens</c>.</summary>
internal sealed class FarmTokens(FarmClient farm) : ITokens
{
    private const string Path = "api/v1/tokens";

    public Task<TokenCreated> CreateAsync(TokenOrder order, CancellationToken cancellationToken) => farm.Http.OrderAsync<TokenCreated>(
        FarmOrders.Token($"to make a token of the role {order.Role.ToString().ToLowerInvariant()}"),
        HttpMethod.Post,
        Path,
        new TokenBody { Role = order.Role, Name = order.Name, Targets = [.. order.Targets], Expires = order.Expires },
        cancellationToken);

    public Task<IReadOnlyList<TokenView>> ListAsync(CancellationToken cancellationToken) => farm.Http.GetAsync<IReadOnlyList<TokenView>>(Path, cancellationToken, FarmOrders.Admins);

    public async Task<bool> RevokeAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await farm.Http.OrderAsync(
                FarmOrders.Token($"to end the token {id}"), HttpMethod.Delete, $"{Path}/{Uri.EscapeDataString(id)}", null, cancellationToken);
            return true;
        }
        catch (FarmException refused) when (IsNotFound(refused))
        {
            return false;
        }
    }

    public ValueTask DisposeAsync() => farm.DisposeAsync();

    private static bool IsNotFound(FarmException refused) =>
        refused.Problem is { ValueKind: JsonValueKind.Object } problem
        && problem.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.Number && status.GetInt32() == (int)HttpStatusCode.NotFound;
}
