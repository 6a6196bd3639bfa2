using Caur.Contracts.Ids;

namespace Caur.Api.Auth;

/// <summary>What a token that is wanted may look like; the same for the routes and for <c>caur token</c>.</summary>
public static class TokenRules
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxName = 200;

    /// <summary>A farm's tokens are compared one by one: more than these are a mistake.</summary>
    public const int MaxTokens = 1000;

    private const int MaxTargets = 100;

    /// <summary>What is wrong, for people; null when nothing is.</summary>
    public static string? Problem(TokenOrder order, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (!Enum.IsDefined(order.Role))
        {
            return "the role must be ci, builder, reader or admin";
        }

        if (order.Name.Length > MaxName || order.Name.Any(char.IsControl))
        {
            return $"the name must have at most {MaxName} characters, none of them a control character";
        }

        if (order.Role == TokenRole.Builder && !Names.IsValid(order.Name))
        {
            return "a builder's token wants the builder's name: letters, digits and @ . _ + -";
        }

        if (order.Targets.Count > 0 && order.Role != TokenRole.Ci)
        {
            return "only tokens of the role ci are bound to target repositories";
        }

        if (order.Targets.Count > MaxTargets || order.Targets.FirstOrDefault(target => !IsTarget(target)) is not null)
        {
            return $"the target repositories must be at most {MaxTargets}, each a name or name/arch";
        }

        return order.Expires is { } expires && expires <= now ? "the time at which the token ends is over already" : null;
    }

    /// <summary>What is odd about a token that may be all the same, for people.</summary>
    /// <param name="order">The token.</param>
    /// <param name="targets">The farm's target repositories.</param>
    public static IReadOnlyList<string> Notes(TokenOrder order, ICollection<string> targets)
    {
        ArgumentNullException.ThrowIfNull(order);
        return
        [
            .. order.Targets.Where(target => !targets.Contains(target.Split('/')[0])).Select(target =>
                $"this farm has no target repository '{target.Split('/')[0]}' now; it has {(targets.Count > 0 ? string.Join(", ", targets.Order(StringComparer.Ordinal)) : "none")}"),
        ];
    }

    private static bool IsTarget(string? target) => target?.Split('/') switch
    {
        [var name] => Names.IsValid(name),
        [var name, var arch] => Names.IsValid(name) && Names.IsValidArch(arch),
        _ => false,
    };
}
