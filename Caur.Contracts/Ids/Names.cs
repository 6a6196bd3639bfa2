using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Caur.Contracts.Ids;

/// <summary>What a name may look like. Grain keys come from outside and become paths, so every id checks its parts here.</summary>
public static class Names
{
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._+-");

    /// <summary>The longest name taken: what a file name may be, less room for what is put behind it.</summary>
    public const int MaxLength = 200;

    /// <summary>True for what makepkg(8) takes as pkgbase or pkgname, and pacman.conf(5) as a repository's name: ASCII letters, digits
    /// and <c>@ . _ + -</c>, not starting with a hyphen or a dot.</summary>
    public static bool IsValid([NotNullWhen(true)] string? name) =>
        name is { Length: > 0 and <= MaxLength } && name[0] is not ('-' or '.') && !name.AsSpan().ContainsAnyExcept(Allowed);

    /// <summary>True for the name of an architecture: as a name, without a dot, which separates it from the repository's name where
    /// both stand in a file's.</summary>
    public static bool IsValidArch([NotNullWhen(true)] string? arch) => IsValid(arch) && !arch.Contains('.', StringComparison.Ordinal);

    /// <summary>Returns the name, or throws <see cref="FormatException"/> that says what it was to be.</summary>
    public static string Check(string? name, string what) =>
        IsValid(name)
            ? name
            : throw new FormatException(
                $"'{name}' is no {what}: letters, digits and @ . _ + - are allowed, a hyphen or a dot at the start is not");
}
