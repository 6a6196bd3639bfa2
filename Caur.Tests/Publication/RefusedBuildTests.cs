using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.Versioning;
using System.Text;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Contracts.Sources;
using Caur.Grains.Sources;
using Caur.Pacman;
using Caur.Pipelines.Reading;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Publication;

/// <summary>Builds whose archives are not what was ordered, from the report of the build to its state and log: refused as a whole, by
/// name and with the reason.</summary>
[SupportedOSPlatform("linux")]
public sealed class RefusedBuildTests(RefusingFarm farm) : IClassFixture<RefusingFarm>
{
    private static readonly BuiltPackage Bad = new("bad", "2-1") { Pkgbase = "base" };

    private static readonly Dictionary<string, (Func<RefusingFarm, PublishOrder, Task<PublishOrder>> Spoil, string Reason)> Cases = new()
    {
        ["other pkgbase"] = (With(Bad with { Pkgbase = "other" }), "bad-2-1-x86_64.pkg.tar.zst: it is of pkgbase other, base was ordered"),
        ["other arch"] = (With(Bad with { Arch = "aarch64" }), "bad-2-1-aarch64.pkg.tar.zst: it is for 'aarch64', x86_64 was ordered"),
        ["pkgname not ordered"] = (
            async (farm, order) => await With(Bad)(farm, order) with { Pkgnames = ["good"] },
            "bad-2-1-x86_64.pkg.tar.zst: it is bad, which base is not to make"),
        ["pkgname missing"] = (
            async (farm, order) => await With(Bad)(farm, order) with { Pkgnames = ["good", "bad", "third", "fourth"] },
            "the build did not bring third, fourth, which base is to make"),
        ["lower version"] = (With(new BuiltPackage("known", "0.9-1") { Pkgbase = "base" }), "known 0.9-1 is lower than the published 1-1"),
        ["equal version, other content"] = (
            With(new BuiltPackage("known", "1-1") { Pkgbase = "base", Content = "other" }),
            "known-1-1-x86_64.pkg.tar.zst is published with other content: raise its pkgrel"),
        ["equal version, other compression"] = (
            (farm, order) => farm.AddAsync(order, "known", "known-1-1-x86_64.pkg.tar", Tar([new BuiltPackage("known", "1-1") { Pkgbase = "base" }.Info])),
            "known 1-1 is published as known-1-1-x86_64.pkg.tar.zst: raise its pkgrel"),
        ["pkgname of another pkgbase"] = (
            With(new BuiltPackage("stranger", "2-1") { Pkgbase = "base" }), "stranger is published by pkgbase stranger"),
        [".PKGINFO missing"] = (
            (farm, order) => farm.AddAsync(order, "bad", Bad.FileName, Tar([(".BUILDINFO", "format = 2\n"), (".MTREE", "#mtree\n"), ("usr/bad", "x")])),
            "bad-2-1-x86_64.pkg.tar.zst: it is no sound package archive: the archive has no .PKGINFO"),
        [".PKGINFO twice"] = (
            (farm, order) => farm.AddAsync(order, "bad", Bad.FileName, Tar([Bad.Info, (Bad with { Name = "evil" }).Info])),
            "it is no sound package archive: the archive has a second .PKGINFO"),
        ["cut"] = ((farm, order) => farm.AddAsync(order, "bad", Bad.FileName, Bad.ToArchive()[..^9]), "it is no sound package archive"),
        ["bomb"] = (
            With(Bad with { Content = new string('\0', 4 << 20) }), "it is no sound package archive"),
        ["a signature as an archive"] = (
            (farm, order) => farm.AddAsync(order, "bad", Bad.FileName + ".sig", [0x88, 0x75, 0x04, 0x00]), "it is no sound package archive"),
        ["wrong hash"] = (Changed(archive => archive with { Sha256 = new string('0', 64) }), $"{new string('0', 64)} was reported"),
        ["wrong size"] = (Changed(archive => archive with { Size = archive.Size + 1 }), "were reported"),
        ["name that is not its content's"] = (
            (farm, order) => farm.AddAsync(order, "bad", "bad-2-2-x86_64.pkg.tar.zst", Bad.ToArchive()),
            "bad-2-2-x86_64.pkg.tar.zst: by its .PKGINFO its name is bad-2-1-x86_64.pkg.tar.*"),
        ["one pkgname twice"] = (
            async (farm, order) => await With(Bad with { Version = "3-1" })(farm, await With(Bad)(farm, order)), "the build brought bad twice"),
        ["a link"] = (Replaced(path => File.CreateSymbolicLink(path, "/etc/passwd")), "it is a link, a folder or a pipe, not a file"),
        ["a pipe"] = (
            Replaced(path =>
            {
                using var mkfifo = Process.Start("mkfifo", [path]);
                mkfifo.WaitForExit();
            }),
            "it is a link, a folder or a pipe, not a file"),
        ["a folder"] = (Replaced(path => Directory.CreateDirectory(path)), "bad-2-1-x86_64.pkg.tar.zst: it is not in the landing zone"),
        ["gone"] = (Replaced(_ => { }), "bad-2-1-x86_64.pkg.tar.zst: it is not in the landing zone"),
        ["a name that is a path"] = (
            Changed(archive => archive with { FileName = $"../../../{archive.FileName}" }), "bad-2-1-x86_64.pkg.tar.zst: it is not in the landing zone"),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Build_WhenAnArchiveIsNotWhatWasOrdered_FailsByNameAndNothingOfItIsPublished(string name)
    {
        var (spoil, reason) = Cases[name];
        var before = await farm.Hub.Repository(RefusingFarm.Target).GetAsync();
        var order = await spoil(farm, await farm.Hub.LandAsync(RefusingFarm.Target, "base", new BuiltPackage("good", "2-1")));

        await farm.Hub.CompleteAsync(order);
        var view = await farm.Hub.UntilAsync(order.Build, view => view.State.IsFinal(), "it is decided");

        view.State.ShouldBe(BuildState.Failed);
        view.Reason.ShouldStartWith("not published: ");
        view.Reason.ShouldContain(reason);
        (await farm.Hub.ReadLogAsync(order.Build)).ShouldContain(reason);
        await farm.Hub.UntilAsync(async () => (await farm.Hub.Repository(RefusingFarm.Target).GetAsync()).Pending == 0, () => "the order is there");
        farm.Hub.Landing.List(order.Build.ToString(), 1).ShouldBeEmpty();
        (await farm.Hub.Repository(RefusingFarm.Target).GetAsync()).ShouldBe(before);
        Directory.GetFiles(Path.Combine(farm.Hub.Folders.Repositories, "refusing", "x86_64"), "*.pkg.tar*").Select(Path.GetFileName).ShouldBe(
            from package in (string[])["known-1-1-x86_64.pkg.tar.zst", "stranger-1-1-x86_64.pkg.tar.zst"]
            from companion in (string[])["", ".sig", ".provenance.json", ".provenance.json.sig"]
            select package + companion,
            ignoreOrder: true);
    }

    /// <summary>The farm's signatures are the farm's: what a builder brings as one is not looked at, and is not published.</summary>
    [Fact]
    public async Task Build_WhenItBringsSignaturesOfItsOwn_PublishesTheFarmsAlone()
    {
        var target = new TargetId("signed", "x86_64");
        var order = await farm.Hub.LandAsync(target, "p", new BuiltPackage("p", "1-1"));
        await PublicationHub.LandAsync(farm.Hub.Landing, order.Build, "p-1-1-x86_64.pkg.tar.zst.sig", [1, 2, 3]);
        await farm.Hub.CompleteAsync(order);
        await farm.Hub.PublishedAsync(order.Build);

        var file = Path.Combine(farm.Hub.Folders.Repositories, "signed", "x86_64", "p-1-1-x86_64.pkg.tar.zst");
        (await farm.Signer.VerifyAsync(file, file + ".sig", TestContext.Current.CancellationToken)).Reason.ShouldBeEmpty();
        await farm.Hub.UntilAsync(() => Task.FromResult(farm.Hub.Landing.List(order.Build.ToString(), 1).Count == 0), () => "the landing zone is cleared");
    }

    /// <summary>Of a folder without .SRCINFO nobody knows which packages it makes: a deptree lists what it provides among them, and leaves
    /// names out. Its build publishes what it brought, as long as that is of its pkgbase.</summary>
    [Fact]
    public async Task Build_WhenOnlyADeptreeToldOfItsFolder_PublishesWhatOfItsPkgbaseItBrought()
    {
        var target = new TargetId("told", "x86_64");
        var folder = new PackageFolder("bare-git", null, CiConfig.Empty, "it has no .SRCINFO");
        var plan = SchedulePlanner.Plan(
            "packages",
            new SourceRepositoryOptions(),
            new ScheduleRequest { Operation = Guid.NewGuid(), Target = target, All = true, Deptree = "bare-git:bare-git,bare:" },
            new SourceSnapshot("0123456789abcdef", new Dictionary<string, PackageFolder> { ["bare-git"] = folder }));
        var pkgnames = plan.Builds.ShouldHaveSingleItem().Pkgnames;

        var order = await farm.Hub.LandAsync(target, "bare-git", new BuiltPackage("bare-git", "1-1"), new BuiltPackage("bare.d-git", "1-1"));
        await farm.Hub.CompleteAsync(order with { Pkgnames = pkgnames });
        await farm.Hub.PublishedAsync(order.Build);

        var other = await farm.Hub.LandAsync(target, "bare-git", new BuiltPackage("bare-git", "2-1") { Pkgbase = "other" });
        await farm.Hub.CompleteAsync(other with { Pkgnames = pkgnames });
        (await farm.Hub.UntilAsync(other.Build, view => view.State.IsFinal(), "it is decided")).Reason.ShouldContain("pkgbase");
    }

    /// <summary>What was hashed is what is published: the bytes of a landed file change under its publication, at each step before the
    /// database names it. That build is refused, and the one beside it is published.</summary>
    [Theory]
    [InlineData(PublicationStep.Decided)]
    [InlineData(PublicationStep.PackageNamed)]
    [InlineData(PublicationStep.PackagesPlaced)]
    [InlineData(PublicationStep.SignatureNamed)]
    [InlineData(PublicationStep.SignaturesPlaced)]
    public async Task Build_WhenAnArchiveChangesAfterItWasInspected_IsRefusedAloneAndNeverPublishedChanged(PublicationStep step)
    {
        var target = new TargetId($"changed{(int)step}", "x86_64");
        var evil = await farm.Hub.LandAsync(target, "evil", new BuiltPackage("evil", "1-1"));
        var good = await farm.Hub.LandAsync(target, "good", new BuiltPackage("good", "1-1"));
        var landed = farm.Hub.Landing.List(evil.Build.ToString(), 1).Single().Path;
        var block = farm.Probe.Block(PublicationStep.Ordered);
        await farm.Hub.CompleteAsync(await farm.Hub.LandAsync(target, "first", new BuiltPackage("first", "1-1")));
        await block.Reached;
        // Both wait for the first one, so that they make one publication.
        await farm.Hub.CompleteAsync(evil);
        await farm.Hub.CompleteAsync(good);
        var second = farm.Probe.Block(PublicationStep.Ordered);
        block.Go();
        await second.Reached;
        farm.Probe.Once(step, () =>
        {
            using var file = new FileStream(landed, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            file.Position = file.Length - 1;
            var last = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(last ^ 1));
        });
        second.Go();

        (await farm.Hub.UntilAsync(evil.Build, view => view.State.IsFinal(), "it is decided")).Reason.ShouldContain("its SHA-256 is");
        (await farm.Hub.PublishedAsync(good.Build)).Generation.ShouldBe(2);
        Directory.GetFiles(Path.Combine(farm.Hub.Folders.Repositories, target.Name, "x86_64"), "evil*").ShouldBeEmpty();
    }

    private static Func<RefusingFarm, PublishOrder, Task<PublishOrder>> With(BuiltPackage package) =>
        (farm, order) => farm.AddAsync(order, package.Name, package.FileName, package.ToArchive());

    private static Func<RefusingFarm, PublishOrder, Task<PublishOrder>> Changed(Func<LandedArchive, LandedArchive> change) =>
        async (farm, order) =>
        {
            var added = await With(Bad)(farm, order);
            return added with { Archives = added.Archives.SetItem(1, change(added.Archives[1])) };
        };

    private static Func<RefusingFarm, PublishOrder, Task<PublishOrder>> Replaced(Action<string> replace) =>
        async (farm, order) =>
        {
            var added = await With(Bad)(farm, order);
            var path = farm.Hub.Landing.List(order.Build.ToString(), 1).Single(file => file.FileName == Bad.FileName).Path;
            File.Delete(path);
            replace(path);
            return added;
        };

    private static byte[] Tar((string Name, string Text)[] members)
    {
        using var packed = new MemoryStream();
        using (var zstd = new ZstdStream(packed, CompressionMode.Compress, leaveOpen: true))
        using (var tar = new System.Formats.Tar.TarWriter(zstd, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (name, text) in members)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
            }
        }

        return packed.ToArray();
    }
}

/// <summary>A hub with a repository in which two packages are published.</summary>
[SupportedOSPlatform("linux")]
public sealed class RefusingFarm : IAsyncLifetime
{
    private readonly TestGpg _gpg = new();
    private readonly TemporaryFolder _folder = new();

    internal static TargetId Target { get; } = new("refusing", "x86_64");

    internal PublicationHub Hub { get; private set; } = null!;

    internal StepActions Probe { get; } = new();

    internal GpgSigner Signer => _gpg.Signer;

    public async ValueTask InitializeAsync()
    {
        await _gpg.Signer.EnsureKeyAsync("Farm <farm@example.org>", CancellationToken.None);
        Hub = await PublicationHub.StartAsync(_folder["data"], new GpgOptions { Home = _gpg.Home }, new PublicationHubOptions
        {
            Store = new RepositoryStoreOptions { Limits = new ArchiveLimits { MaxUnpackedBytes = 1 << 20 } },
            Probe = Probe,
        });
        foreach (var (pkgbase, name) in new[] { ("base", "known"), ("stranger", "stranger") })
        {
            var order = await Hub.LandAsync(Target, pkgbase, new BuiltPackage(name, "1-1"));
            await Hub.CompleteAsync(order);
            await Hub.PublishedAsync(order.Build);
            await Hub.UntilAsync(async () => (await Hub.Repository(Target).GetAsync()).Pending == 0, () => "the order is there");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        await _gpg.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Lands one more archive of a build and adds it to its order.</summary>
    internal async Task<PublishOrder> AddAsync(PublishOrder order, string pkgname, string fileName, byte[] bytes) => order with
    {
        Archives = order.Archives.Add(await PublicationHub.LandAsync(Hub.Landing, order.Build, fileName, bytes)),
        Pkgnames = order.Pkgnames.Contains(pkgname) ? order.Pkgnames : order.Pkgnames.Add(pkgname),
    };
}
