namespace Caur.Api.Auth;

/// <summary>What the description of the routes shows.</summary>
internal static class TokenExamples
{
    private static readonly DateTimeOffset Made = new(2026, 11, 21, 8, 26, 24, TimeSpan.Zero);

    public static TokenBody Body { get; } = new() { Role = TokenRole.Ci, Name = "pipeline", Targets = ["chaotic-aur/x86_64"], Expires = Made.AddYears(1) };

    public static TokenView View { get; } = new()
    {
        Id = "b7f3c2a94d10",
        Role = TokenRole.Ci,
        Name = "pipeline",
        Targets = ["chaotic-aur/x86_64"],
        Created = Made,
        Expires = Made.AddYears(1),
        LastUsed = Made.AddHours(5),
    };

    public static TokenCreated Created { get; } = new()
    {
        Id = View.Id,
        Role = View.Role,
        Name = View.Name,
        Targets = View.Targets,
        Created = View.Created,
        Expires = View.Expires,
        Token = "caur_b7f3c2a94d10_...",
    };
}
