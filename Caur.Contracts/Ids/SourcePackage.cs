using Orleans;

namespace Caur.Contracts.Ids;

/// <summary>One package folder of a source repository, <c>repository/pkgbase</c>, whatever it is built for.</summary>
[GenerateSerializer, Alias("caur.SourcePackage"), Immutable]
public readonly record struct SourcePackage
{
    /// <summary>Makes an id of its parts, or throws <see cref="FormatException"/>.</summary>
    public SourcePackage(string repository, string pkgbase)
    {
        Repository = string.IsNullOrEmpty(repository) ? throw new FormatException("a source repository has a name") : repository;
        Pkgbase = Names.Check(pkgbase, "pkgbase");
    }

    /// <summary>The source repository's id in the farm's configuration.</summary>
    [Id(0)]
    public string Repository { get; }

    /// <summary>The package folder's name.</summary>
    [Id(1)]
    public string Pkgbase { get; }

    /// <summary><c>repository/pkgbase</c>.</summary>
    public override string ToString() => $"{Repository}/{Pkgbase}";
}
