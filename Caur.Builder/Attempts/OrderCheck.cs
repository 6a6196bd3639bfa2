using System.Text.RegularExpressions;
using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

/// <summary>Looks at an order as it comes from the wire, before any of it becomes a path, an argument or a line of a file.</summary>
internal static partial class OrderCheck
{
    /// <summary>More than this is a mistake, and more than a timer can do.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    /// <summary>Returns what is wrong with it, for people; null when nothing is.</summary>
    public static string? Problem(BuildOrder order)
    {
        if (!Name().IsMatch(order.Pkgbase))
        {
            return $"'{order.Pkgbase}' is no legal pkgbase";
        }

        if (!Name().IsMatch(order.TargetRepository) || !Name().IsMatch(order.Arch))
        {
            return $"'{order.TargetRepository}/{order.Arch}' is no legal target repository";
        }

        if (!Commit().IsMatch(order.Commit))
        {
            return $"'{order.Commit}' is no commit: 40 or 64 hexadecimal digits are";
        }

        if (order.Image.Length == 0 || order.Image.StartsWith('-') || order.Image.Any(c => char.IsControl(c) || c == ' '))
        {
            return $"'{order.Image}' is no image reference";
        }

        if (order.Timeout <= TimeSpan.Zero || order.Timeout > Longest || order.StallTimeout < TimeSpan.Zero || order.StallTimeout > Longest)
        {
            return $"its timeouts are not between zero and {Longest.TotalDays} days";
        }

        if (order.Repositories.FirstOrDefault(r => !Name().IsMatch(r.Name) || r.Servers.Any(s => s.Length == 0 || s.Any(char.IsControl))) is { } repository)
        {
            return $"the pacman repository '{repository.Name}' has an illegal name or server";
        }

        if (order.Published.Any(name => name.Any(char.IsControl)))
        {
            return "a published file's name has control characters";
        }

        return order.Environment.Any(v => !Variable().IsMatch(v.Key) || v.Value.Contains('\0'))
            ? "an environment variable has an illegal name or value"
            : null;
    }

    // What makepkg allows in a pkgbase or pkgname: PKGBUILD(5).
    [GeneratedRegex(@"^[A-Za-z0-9@_+][A-Za-z0-9@._+-]{0,254}\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"^([0-9a-f]{40}|[0-9a-f]{64})\z")]
    private static partial Regex Commit();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex Variable();
}
