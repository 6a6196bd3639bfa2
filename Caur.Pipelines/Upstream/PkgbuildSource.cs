using System.Globalization;

namespace Caur.Pipelines.Upstream;

/// <summary>The kinds of <c>CI_PKGBUILD_SOURCE</c>.</summary>
internal enum PkgbuildSourceKind
{
    /// <summary>It is not set: never updated, and said so.</summary>
    None,

    /// <summary><c>custom</c>: the maintainers update it themselves.</summary>
    Custom,

    /// <summary><c>aur</c></summary>
    Aur,

    /// <summary><c>gitlab:ID</c>: the newest tag of a project.</summary>
    Gitlab,

    /// <summary>Any other value: a git repository with the package's files.</summary>
    Git,

    /// <summary>It cannot be meant.</summary>
    Invalid,
}

/// <summary>From where a package's PKGBUILD is updated.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Value">The project of <c>gitlab:</c>, the URL of a git repository, or what is wrong with it.</param>
internal sealed record PkgbuildSource(PkgbuildSourceKind Kind, string Value)
{
    /// <summary>Reads the value of the setting.</summary>
    public static PkgbuildSource Parse(string? value, GitUrlRules rules)
    {
        switch (value)
        {
            case null:
                return new PkgbuildSource(PkgbuildSourceKind.None, "");
            case "custom":
                return new PkgbuildSource(PkgbuildSourceKind.Custom, "");
            case "aur":
                return new PkgbuildSource(PkgbuildSourceKind.Aur, "");
        }

        if (value.StartsWith("gitlab:", StringComparison.Ordinal) && !value.StartsWith("gitlab:/", StringComparison.Ordinal))
        {
            var id = value["gitlab:".Length..];
            return ulong.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out _)
                ? new PkgbuildSource(PkgbuildSourceKind.Gitlab, id)
                : new PkgbuildSource(PkgbuildSourceKind.Invalid, $"CI_PKGBUILD_SOURCE is gitlab:ID with a project's number, and not '{Polite.Shown.Short(value)}'");
        }

        return rules.Refuse(value) is { } fault
            ? new PkgbuildSource(PkgbuildSourceKind.Invalid, $"CI_PKGBUILD_SOURCE is none of aur, custom, gitlab:ID and a git URL: {fault}")
            : new PkgbuildSource(PkgbuildSourceKind.Git, value);
    }
}
