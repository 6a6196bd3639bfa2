using System.Security.Claims;
using Caur.Contracts.Ids;

namespace Caur.Api.Auth;

/// <summary>Who a request speaks for.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Name">Its name; of a builder's token, the builder's.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Targets">The target repositories that it is bound to; none when to none.</param>
public sealed record TokenIdentity(string Id, string Name, TokenRole Role, IReadOnlyList<string> Targets)
{
    private const string TargetClaim = "caur:target";

    /// <summary>Who it is; null without a token.</summary>
    public static TokenIdentity? Of(ClaimsPrincipal user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return user.FindFirstValue(ClaimTypes.NameIdentifier) is { } id && Enum.TryParse<TokenRole>(user.FindFirstValue(ClaimTypes.Role), out var role)
            ? new TokenIdentity(id, user.FindFirstValue(ClaimTypes.Name) ?? "", role, [.. user.FindAll(TargetClaim).Select(claim => claim.Value)])
            : null;
    }

    /// <summary>Whether the token may write to a target repository, as far as what it is bound to goes.</summary>
    /// <param name="name">The repository's name.</param>
    /// <param name="arch">Its architecture; null when not known, which a token bound to one architecture does not do for.</param>
    public bool MayTouch(string name, string? arch) =>
        Targets.Count == 0 || Targets.Contains(name, StringComparer.Ordinal)
        || (arch is not null && Targets.Contains($"{name}/{arch}", StringComparer.Ordinal));

    /// <summary>Whether the token may write to a target repository, as far as what it is bound to goes.</summary>
    public bool MayTouch(TargetId target) => MayTouch(target.Name, target.Arch);

    /// <summary>Whether the token may speak for a builder: that builder's own, or an admin's.</summary>
    public bool MaySpeakFor(string builder) => Role == TokenRole.Admin || (Role == TokenRole.Builder && Name == builder);

    /// <summary>The claims of a token.</summary>
    internal static ClaimsIdentity Claims(TokenRecord record, string scheme)
    {
        var identity = new ClaimsIdentity(scheme);
        identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, record.Id));
        identity.AddClaim(new Claim(ClaimTypes.Name, record.Name));
        identity.AddClaim(new Claim(ClaimTypes.Role, record.Role.ToString()));
        foreach (var target in record.Targets ?? [])
        {
            identity.AddClaim(new Claim(TargetClaim, target));
        }

        return identity;
    }
}
