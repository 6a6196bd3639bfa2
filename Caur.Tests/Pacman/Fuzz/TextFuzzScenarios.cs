using System.Text;
using Caur.Pacman;
using Caur.Tests.Soak;

namespace Caur.Tests.Pacman.Fuzz;

/// <summary>A reader of texts: its samples are texts too.</summary>
internal abstract class TextFuzzScenario : FuzzScenario
{
    protected override int Inputs => 150_000;

    protected abstract IReadOnlyList<string> Texts { get; }

    protected override Task<IReadOnlyList<byte[]>> SamplesAsync(SoakRound round) =>
        Task.FromResult<IReadOnlyList<byte[]>>([.. Texts.Select(Encoding.UTF8.GetBytes)]);

    protected override byte[] Mutate(IReadOnlyList<byte[]> samples, Random random) => Mutation.Bytes(samples, random);
}

/// <summary>.PKGINFO and .BUILDINFO.</summary>
internal sealed class PackageInfoFuzzScenario : TextFuzzScenario
{
    public override string Name => "fuzz-pkginfo";

    protected override IReadOnlyList<string> Texts { get; } =
    [
        TestPackage.MinimalInfo,
        new TestPackage("Lib@x++.y_z", "1:2.0-1.2") { Base = "lib", Info = "depend = b>=1:2\noptdepend = c: d\nlicense = MIT\nbackup = etc/x\ngroup = g" }.PkgInfo,
    ];

    protected override FormatError? Read(byte[] input)
    {
        _ = FormatFaultException.Catch(() => BuildInfo.Read(input)).Value?.Installed.Count;
        var result = PackageInfo.Parse(input);
        if (result.Value is not { } info)
        {
            return result.Error;
        }

        // A section of a desc is ended by an empty line, so no value may make one.
        var desc = DescText.Write(info, new ArchiveDigest(1, "0", "0"), "a-1-1-any.pkg.tar", []);
        var entry = RepositoryEntry.FromDatabase(desc, null);
        entry.Name.ShouldBe(info.Name);
        entry.Version.ShouldBe(info.Version);
        entry.PkgBase.ShouldBe(info.PkgBase ?? info.Name);
        entry.ReadDescription().Depends.Count.ShouldBe(info.Depends.Count);
        return null;
    }
}

/// <summary>.SRCINFO.</summary>
internal sealed class SrcinfoFuzzScenario : TextFuzzScenario
{
    public override string Name => "fuzz-srcinfo";

    protected override IReadOnlyList<string> Texts { get; } =
    [
        "pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\n\tepoch = 2\n\tarch = x86_64\n\tdepends = b>=1\n\tdepends_x86_64 = c\n\tsource = x::git+https://example.org/x#branch=y\n\npkgname = a\n\tdepends = \n",
        "# comment\npkgbase = split\n\tpkgdesc = é 日本\n\tpkgver = r1.gabc\n\tpkgrel = 1.2\n\tmakedepends = d\n\noptdepends = e: f\npkgname = x\n\tprovides = lib.so=1-64\npkgname = y\n\tconflicts = z<2\n",
    ];

    protected override FormatError? Read(byte[] input)
    {
        var result = Srcinfo.Parse(input);
        if (result.Value is not { } srcinfo)
        {
            result.Errors.Count.ShouldBeInRange(1, 100);
            return result.Error;
        }

        srcinfo.Packages.Count.ShouldBeGreaterThan(0);
        srcinfo.Packages.Select(package => package.Name).ShouldBeUnique();
        srcinfo.Version.PkgRel.ShouldNotBeNull();
        foreach (var package in srcinfo.Packages)
        {
            _ = (package.Depends("x86_64"), package.OptDepends("any"), package.Description, package.Provides("x86_64"));
        }

        return null;
    }
}

/// <summary>.CI/config, read and changed.</summary>
internal sealed class CiConfigFuzzScenario : TextFuzzScenario
{
    public override string Name => "fuzz-config";

    protected override int Inputs => 80_000;

    protected override IReadOnlyList<string> Texts { get; } =
    [
        "# about\nCI_PKGBUILD_SOURCE=aur\nCI_PACKAGE_BUMP=1:2.0-1/3\n\n  BUILDER_CLASS = \"9\" \nUNKNOWN='x'\n",
        "\ufeffCI_MANAGE_AUR=true\r\nCI_REBUILD_TRIGGERS=a:b:c\r\nno setting\r\nA=é",
    ];

    protected override FormatError? Read(byte[] input)
    {
        _ = CiConfig.Parse(Encoding.Latin1.GetString(input)).Keys.Count;
        var result = CiConfigText.Read(input);
        if (result.Value is not { } text)
        {
            return result.Error;
        }

        text.Bytes.Span.SequenceEqual(input).ShouldBeTrue();
        foreach (var key in (string[])["CI_PACKAGE_BUMP", "NEW"])
        {
            var changed = text.With(key, "1-1/2").GetRequired();
            changed.Settings[key].ShouldBe("1-1/2");
            changed.Without(key).Settings.Verbatim(key).ShouldBeNull();
            foreach (var other in text.Settings.Keys.Where(other => other != key))
            {
                changed.Settings.Verbatim(other).ShouldBe(text.Settings.Verbatim(other));
            }
        }

        return null;
    }
}

/// <summary>Names, versions, dependencies and file names, one in each line.</summary>
internal sealed class NameFuzzScenario : TextFuzzScenario
{
    public override string Name => "fuzz-names";

    protected override IReadOnlyList<string> Texts { get; } =
    [
        "1:2.0_a+b-1.2", "Lib@x++.y_z", "a-b>=1:2.0-1: for é", "libx.so=1-64", "foo-1:2.3~rc1-1-x86_64.pkg.tar.zst", "r12.gabcdef-1", "x<2",
    ];

    protected override FormatError? Read(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        var accepted = false;
        if (PackageName.TryParse(text, out var name))
        {
            accepted = true;
            name.ToString().ShouldBe(text);
            PackageFileName.IsSafe(text).ShouldBeTrue();
        }

        if (PackageVersion.TryParse(text, out var version))
        {
            accepted = true;
            version.ToString().ShouldBe(text);
            PackageVersion.Create(version.Epoch, version.PkgVer, version.PkgRel).CompareTo(version).ShouldBe(0);
        }

        if (Dependency.TryParse(text, out var dependency))
        {
            accepted = true;
            Dependency.Parse(dependency.ToString()).ShouldBe(dependency);
        }

        if (PackageFileName.TryParse(text, out var file))
        {
            accepted = true;
            file.ToString().ShouldBe(text);
        }

        foreach (var other in Texts)
        {
            VersionComparer.Compare(text, other).ShouldBe(-VersionComparer.Compare(other, text));
        }

        return accepted ? null : new FormatError(FormatErrorCode.Malformed, "none of them");
    }
}
