using System.Globalization;
using System.Text.Json;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;

namespace Caur.Api.Queue;

/// <summary>Looks at a wish to schedule as it comes from outside.</summary>
internal static class ScheduleBodyCheck
{
    /// <summary>More packages in one call are a mistake: four times the largest repository of this kind.</summary>
    public const int MaxPackages = 10_000;

    /// <summary>The longest deptree taken, in characters; that of 2,500 folders has 300,000.</summary>
    public const int MaxDeptree = 16 * 1024 * 1024;

    private const int Listed = 20;

    /// <summary>What is wrong, for people; null when nothing is.</summary>
    public static string? Problem(ScheduleBody body)
    {
        if (!Names.IsValid(body.TargetRepo) || !Names.IsValid(body.SourceRepo) || !Names.IsValidArch(body.Arch))
        {
            return "source_repo, target_repo and arch are wanted, each a name";
        }

        if (body.Priority is { } priority && !Enum.IsDefined(priority))
        {
            return $"priority must be one of {string.Join(", ", Enum.GetNames<BuildPriority>())}";
        }

        if (body.Deptree is { Length: > MaxDeptree })
        {
            return $"the deptree is longer than {MaxDeptree / (1024 * 1024)} MiB";
        }

        return Problem(body.Packages ?? [], body.All);
    }

    private static string? Problem(List<ScheduleBodyPackage> packages, bool all)
    {
        if (packages.Count == 0)
        {
            return all ? null : "no packages are named";
        }

        if (packages.Count > MaxPackages)
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"{packages.Count} packages are named, and {MaxPackages} are the most of one call: use \"all\", or several calls");
        }

        var wrong = packages.Select(package => package?.Pkgbase ?? "").Where(pkgbase => !Names.IsValid(pkgbase)).ToList();
        return wrong.Count > 0
            ? $"no name of a package folder: {string.Join(", ", wrong.Take(Listed).Select(Shown))}{(wrong.Count > Listed ? $" and {wrong.Count - Listed} more" : "")}"
            : packages
                .Select(package => ClassProblem(package) is { } problem ? $"{package.Pkgbase}: build_class {problem}" : null)
                .FirstOrDefault(problem => problem is not null);
    }

    private static string? ClassProblem(ScheduleBodyPackage package) =>
        package.BuildClass is { ValueKind: not (JsonValueKind.Number or JsonValueKind.String or JsonValueKind.Null) } other
            ? $"{Shown(other.GetRawText())} is no builder class: a number or a builder's name is"
        : package.BuildClass is { ValueKind: JsonValueKind.Number } number && !number.TryGetInt32(out _)
            ? $"{Shown(number.GetRawText())} is no builder class: a whole number up to {int.MaxValue} is, or a builder's name"
        : package.ClassText is { } text ? BuilderClasses.Problem(text)
        : null;

    private static string Shown(string name) =>
        $"'{new string([.. (name.Length > 80 ? name[..80] + "..." : name).Select(c => char.IsControl(c) ? '?' : c)])}'";
}
