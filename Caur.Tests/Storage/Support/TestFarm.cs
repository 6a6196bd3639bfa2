using System.Runtime.Versioning;
using System.Security.Cryptography;
using Caur.Storage.Landing;
using Caur.Storage.Provenance;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;

namespace Caur.Tests.Storage.Support;

/// <summary>One target repository <c>farm/x86_64</c> with its landing zone, in a folder of its own.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TestFarm : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly GpgSigner _signer;
    private readonly List<RepositoryStore> _stores = [];
    private int _number;

    public TestFarm(GpgSigner signer, RepositoryStoreOptions? options = null)
    {
        _signer = signer;
        Options = options ?? new RepositoryStoreOptions();
        Landing = new LandingZone(_folder["landing"]);
        Store = Open();
    }

    public ManualTime Time { get; } = new();

    public RepositoryStoreOptions Options { get; }

    public LandingZone Landing { get; }

    public RepositoryStore Store { get; private set; }

    public string Root => _folder["repos"];

    public string Scratch => _folder.Path;

    public IEnumerable<string> PublishedFiles => Directory.EnumerateFiles(Store.Folder, "*.pkg.tar.zst").Select(path => Path.GetFileName(path));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Opens the repository anew, as another process does after the one before died.</summary>
    public RepositoryStore Open(IPublicationProbe? probe = null, GpgSigner? signer = null)
    {
        Store = new RepositoryStore(Root, "farm", "x86_64", signer ?? _signer, Time, Options, probe);
        _stores.Add(Store);
        return Store;
    }

    /// <summary>A build of that pkgbase whose archives are in the landing zone.</summary>
    public async Task<BuildToPublish> LandAsync(string pkgbase, params BuiltPackage[] packages)
    {
        var build = $"farm/x86_64/{pkgbase}/{++_number}";
        var archives = new List<OfferedArchive>();
        foreach (var package in packages)
        {
            var bytes = (package.Pkgbase is null ? package with { Pkgbase = pkgbase } : package).ToArchive();
            var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
            using var stream = new MemoryStream(bytes);
            (await Landing.StoreAsync(build, 1, package.FileName, bytes.Length, hash, stream, Token)).IsThere.ShouldBeTrue();
            archives.Add(new OfferedArchive(Landing.List(build, 1).Single(file => file.FileName == package.FileName).Path, bytes.Length, hash));
        }

        return new BuildToPublish { Build = build, Pkgbase = pkgbase, Archives = archives, Origin = Origin(build) };
    }

    /// <summary>How such a build came about.</summary>
    public static BuildOrigin Origin(string build) => new()
    {
        Build = build,
        Attempt = 1,
        SourceRepository = "packages",
        SourceUrl = "https://git.example.org/packages.git",
        Commit = new string('a', 40),
        Image = "localhost/caur-builder:latest",
        ImageDigest = $"sha256:{new string('b', 64)}",
        Builder = "north/0123456789ab",
        FarmVersion = "0.1.0",
        Started = DateTimeOffset.UnixEpoch.AddYears(60),
        Finished = DateTimeOffset.UnixEpoch.AddYears(60).AddSeconds(90.5),
        Parameters = new Dictionary<string, string> { ["CI_PACKAGE_BUMP"] = "1-1/2" },
    };

    public Task<PublicationProposal> PlanAsync(params BuildToPublish[] builds) => PlanAsync(new PublicationRequest
    {
        Id = $"publication {++_number}",
        Builds = builds,
    });

    public Task<PublicationProposal> PlanAsync(PublicationRequest request) => Store.PlanAsync(request, Token);

    /// <summary>Plans and applies what must be publishable.</summary>
    public async Task<int> PublishAsync(params BuildToPublish[] builds) => await ApplyAsync(await PlanAsync(builds));

    public async Task<int> RemoveAsync(params string[] pkgbases) => await ApplyAsync(await PlanAsync(
        new PublicationRequest { Id = $"publication {++_number}", RemovePkgbases = pkgbases }));

    /// <summary>Publishes a pkgbase with one package of its name.</summary>
    public async Task<int> PublishAsync(string name, string version) => await PublishAsync(await LandAsync(name, new BuiltPackage(name, version)));

    public async Task<IReadOnlyList<string>> EntriesAsync() =>
        [.. (await Store.ReadAsync(Token)).Select(entry => $"{entry.Name} {entry.Version}")];

    public async Task ShouldBeSoundAsync() => (await Store.VerifyAsync(Token)).Problems.ShouldBeEmpty();

    public void Dispose()
    {
        foreach (var store in _stores)
        {
            store.Dispose();
        }

        _folder.Dispose();
    }

    private async Task<int> ApplyAsync(PublicationProposal proposal)
    {
        proposal.Refused.SelectMany(build => build.Reasons).ShouldBeEmpty();
        var result = await Store.ApplyAsync(proposal.Plan.ShouldNotBeNull(), Token);
        result.Status.ShouldBe(PublicationStatus.Published, string.Join("; ", result.Problems));
        return result.Generation;
    }
}
