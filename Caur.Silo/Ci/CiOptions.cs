using System.Collections.Immutable;
using System.CommandLine;
using Caur.Contracts.Ids;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Silo.Cli;

namespace Caur.Silo.Ci;

/// <summary>The options that the verbs of <c>caur ci</c> share.</summary>
internal static class CiOptions
{
    public static Option<string> Folder { get; } = new("--repository")
    {
        Description = "The checkout of the source repository. Only what is committed counts.",
        DefaultValueFactory = _ => ".",
        HelpName = "DIR",
    };

    public static Option<string> Remote { get; } = new("--remote")
    {
        Description = "The remote of the checkout where branch and tag are.",
        DefaultValueFactory = _ => "origin",
        HelpName = "NAME",
    };

    public static Option<string?> Branch { get; } = new("--branch")
    {
        Description = "The branch there. Default: the CI job's, else the default branch.",
        HelpName = "NAME",
    };

    public static Option<string> Tag { get; } = new("--tag")
    {
        Description = "The tag that marks up to where everything was handed over.",
        DefaultValueFactory = _ => OnCommitOptions.DefaultTag,
        HelpName = "NAME",
    };

    public static Option<string[]> Arch { get; } = new("--arch")
    {
        Description = "The architecture to build for; may be given several times. Default: x86_64.",
        HelpName = "ARCH",
    };

    public static Option<string?> Cache { get; } = CommonOptions.Folder(
        "--cache", "Where downloads and clones are kept between runs. Losing it costs time alone. Default: a folder 'caur' in the checkout's git folder.");

    /// <summary>Those of all of them.</summary>
    public static IReadOnlyList<Option> Common { get; } = [Folder, Remote, Branch, Tag, Arch, ChangeRun.DryRun];

    public static ImmutableArray<string> Architectures(ParseResult result)
    {
        var architectures = result.GetValue(Arch) is { Length: > 0 } named ? named.Distinct(StringComparer.Ordinal).ToImmutableArray() : ["x86_64"];
        return architectures.FirstOrDefault(arch => !Names.IsValidArch(arch)) is { } wrong
            ? throw new FarmException(ExitCodes.Usage, $"--arch: '{GitText.Clean(wrong)}' is no architecture")
            : architectures;
    }
}
