using System.CommandLine;
using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary>Which repository a verb is about: the one that is named, or the farm's only one.</summary>
internal static class RepositoryChoice
{
    public static Option<string?> Target { get; } = new("--target-repo")
    {
        Description = "The target repository. Default: the farm's only one.",
        HelpName = "NAME",
    };

    public static Option<string?> Arch { get; } = new("--arch")
    {
        Description = "Its architecture. Default: its only one, or x86_64.",
        HelpName = "ARCH",
    };

    /// <summary>Makes an id of two names, or says what is wrong with them.</summary>
    public static TargetId Of(string name, string arch)
    {
        try
        {
            return new TargetId(name, arch);
        }
        catch (FormatException wrong)
        {
            throw new FarmException(ExitCodes.Usage, wrong.Message, wrong);
        }
    }

    /// <summary>Asks the farm for what the options leave open.</summary>
    public static async Task<TargetId> ReadAsync(ParseResult result, FarmClient farm, CancellationToken cancellationToken)
    {
        var (name, arch) = (result.GetValue(Target), result.GetValue(Arch));
        if (name is not null && arch is not null)
        {
            return Of(name, arch);
        }

        var all = (await farm.FarmAsync(cancellationToken)).TargetRepositories
            .SelectMany(target => target.Architectures.Select(known => new TargetId(target.Name, known)))
            .ToList();
        var meant = all.Where(target => (name is null || target.Name == name) && (arch is null || target.Arch == arch)).ToList();
        if (meant.Count > 1 && meant.Select(target => target.Name).Distinct(StringComparer.Ordinal).Count() == 1)
        {
            meant = [.. meant.Where(target => target.Arch == "x86_64")];
        }

        return meant switch
        {
            [var one] => one,
            _ when all.Count == 0 => throw new FarmException(ExitCodes.Failed, "this farm has no target repository: its hub wants PACKAGE_TARGET_REPOS"),
            [] => throw new FarmException(
                ExitCodes.Failed, $"there is no repository '{name ?? "*"}/{arch ?? "*"}'; this farm has {string.Join(", ", all)}"),
            _ => throw new FarmException(
                ExitCodes.Usage, $"this farm has more than one repository; choose with --target-repo and --arch: {string.Join(", ", all)}"),
        };
    }
}
