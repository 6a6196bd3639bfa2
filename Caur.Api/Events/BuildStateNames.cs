using Caur.Contracts.Builds;

namespace Caur.Api.Events;

/// <summary>Names of states as they come from outside.</summary>
internal static class BuildStateNames
{
    /// <summary>Reads a name, in any case; numbers are none.</summary>
    public static bool TryParse(string text, out BuildState state)
    {
        state = default;
        return text.Length > 0 && char.IsLetter(text[0]) && Enum.TryParse(text, ignoreCase: true, out state) && Enum.IsDefined(state);
    }

    /// <summary>What is wrong with a name, for people.</summary>
    public static string Problem(string text) => $"state is '{Shown(text)}', and one or more of {string.Join(", ", Enum.GetNames<BuildState>())} are wanted";

    /// <summary>What others wrote, safe to be shown.</summary>
    public static string Shown(string text, int longest = 80) =>
        new([.. (text.Length > longest ? text[..longest] + "..." : text).Select(c => char.IsControl(c) ? '?' : c)]);
}
