using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Storage.Provenance;
using Caur.Storage.Repositories;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Provenance;

/// <summary>What lies beside published packages and says how they came about.</summary>
[SupportedOSPlatform("linux")]
public sealed class ProvenanceTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private const string BuildInfo = """
        format = 2
        pkgname = a
        pkgbuild_sha256sum = 1111111111111111111111111111111111111111111111111111111111111111
        installed = glibc-2.39-1-x86_64
        installed = gcc-libs-1:13.2.1-3.1-x86_64
        installed = Odd+Name-1-1-any

        """;

    private readonly TestFarm _farm = new(key.Gpg.Signer, new RepositoryStoreOptions { KeepGenerations = 1, GenerationGrace = TimeSpan.FromHours(1) });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task Statement_OfAPublishedBuild_SaysWhatWentInAndWhatCameOut()
    {
        var build = await _farm.LandAsync("split", new BuiltPackage("a", "1-1") { BuildInfo = BuildInfo }, new BuiltPackage("b", "1-1") { Arch = "any", BuildInfo = BuildInfo });
        await _farm.PublishAsync(build);

        var path = Beside("a-1-1-x86_64.pkg.tar.zst");
        using var statement = JsonDocument.Parse(await File.ReadAllBytesAsync(path, Token));
        var root = statement.RootElement;
        root.GetProperty("_type").GetString().ShouldBe("https://in-toto.io/Statement/v1");
        root.GetProperty("predicateType").GetString().ShouldBe("https://slsa.dev/provenance/v1");
        root.GetProperty("subject").EnumerateArray()
            .Select(subject => (subject.GetProperty("name").GetString(), subject.GetProperty("digest").GetProperty("sha256").GetString()))
            .ShouldBe([("a-1-1-x86_64.pkg.tar.zst", build.Archives[0].Sha256), ("b-1-1-any.pkg.tar.zst", build.Archives[1].Sha256)]);
        var definition = root.GetProperty("predicate").GetProperty("buildDefinition");
        definition.GetProperty("buildType").GetString().ShouldBe(ProvenanceStatement.BuildType);
        var external = definition.GetProperty("externalParameters");
        external.GetProperty("source").GetString().ShouldBe("git+https://git.example.org/packages.git");
        external.GetProperty("target").GetString().ShouldBe("farm/x86_64");
        external.GetProperty("pkgbase").GetString().ShouldBe("split");
        external.GetProperty("config").GetProperty("CI_PACKAGE_BUMP").GetString().ShouldBe("1-1/2");
        var dependencies = definition.GetProperty("resolvedDependencies").EnumerateArray().ToList();
        dependencies[0].GetProperty("digest").GetProperty("gitCommit").GetString().ShouldBe(new string('a', 40));
        dependencies[1].GetProperty("digest").GetProperty("sha256").GetString().ShouldBe(new string('1', 64));
        dependencies[2].GetProperty("digest").GetProperty("sha256").GetString().ShouldBe(new string('b', 64));
        dependencies[3..].Select(dependency => dependency.GetProperty("uri").GetString()).ShouldBe(
        [
            "pkg:alpm/arch/odd%2Bname@1-1?arch=any", "pkg:alpm/arch/gcc-libs@1%3A13.2.1-3.1?arch=x86_64", "pkg:alpm/arch/glibc@2.39-1?arch=x86_64",
        ]);
        var run = root.GetProperty("predicate").GetProperty("runDetails");
        run.GetProperty("builder").GetProperty("id").GetString().ShouldBe("urn:caur:builder:north/0123456789ab");
        run.GetProperty("metadata").GetProperty("invocationId").GetString().ShouldBe($"{build.Build}#1");
        run.GetProperty("metadata").GetProperty("finishedOn").GetString().ShouldBe("2030-01-01T00:01:30Z");

        (await File.ReadAllBytesAsync(Beside("b-1-1-any.pkg.tar.zst"), Token)).ShouldBe(await File.ReadAllBytesAsync(path, Token));
        await key.Gpg.RunAsync("--verify", path + ".sig", path);
        await key.Gpg.RunAsync("--verify", Beside("b-1-1-any.pkg.tar.zst") + ".sig", Beside("b-1-1-any.pkg.tar.zst"));
        var verified = await _farm.Store.VerifyAsync(Token);
        (verified.Problems.Count, verified.WithoutProvenance).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Verify_WhenAStatementIsNotWhatItShouldBe_NamesIt()
    {
        await _farm.PublishAsync(
            await _farm.LandAsync("changed", new BuiltPackage("changed")),
            await _farm.LandAsync("other", new BuiltPackage("other")),
            await _farm.LandAsync("gone", new BuiltPackage("gone")),
            await _farm.LandAsync("unsigned", new BuiltPackage("unsigned")),
            await _farm.LandAsync("unknown", new BuiltPackage("unknown")) with { Origin = null });
        var text = await File.ReadAllTextAsync(Of("changed"), Token);
        await File.WriteAllTextAsync(Of("changed"), text.Replace("git.example.org", "git.example.com", StringComparison.Ordinal), Token);
        File.Copy(Of("unsigned"), Of("other"), overwrite: true);
        File.Copy(Of("unsigned") + ".sig", Of("other") + ".sig", overwrite: true);
        File.Delete(Of("gone"));
        File.Delete(Of("unsigned") + ".sig");

        var found = await _farm.Store.VerifyAsync(Token);

        found.WithoutProvenance.ShouldBe(1);
        found.Problems.Count.ShouldBe(4, string.Join('\n', found.Problems));
        found.Problems[0].ShouldStartWith("changed-1.0-1-x86_64.pkg.tar.zst.provenance.json: its signature is not good");
        found.Problems[1].ShouldBe("gone-1.0-1-x86_64.pkg.tar.zst.provenance.json: the file is gone");
        found.Problems[2].ShouldBe("other-1.0-1-x86_64.pkg.tar.zst.provenance.json: it is not about this package");
        found.Problems[3].ShouldStartWith("unsigned-1.0-1-x86_64.pkg.tar.zst.provenance.json: its signature is not good");
    }

    [Fact]
    public async Task Statement_WhenItsPackageLeaves_GoesAndComesBackWithIt()
    {
        using var archive = new TemporaryFolder();
        using var farm = new TestFarm(key.Gpg.Signer, new RepositoryStoreOptions { KeepGenerations = 3, FileGrace = TimeSpan.FromHours(1), ArchiveFolder = archive.Path });
        farm.Time.Advance(DateTimeOffset.UnixEpoch.AddYears(100) - farm.Time.GetUtcNow());
        await farm.PublishAsync("foo", "1-1");
        var file = Path.Combine(farm.Store.Folder, "foo-1-1-x86_64.pkg.tar.zst");
        var before = await File.ReadAllBytesAsync(file + ".provenance.json", Token);
        await farm.RemoveAsync("foo");
        foreach (var companion in (string[])["", ".sig", ".provenance.json", ".provenance.json.sig"])
        {
            File.Move(file + companion, Path.Combine(archive.Path, Path.GetFileName(file) + companion));
        }

        (await farm.Store.RollbackAsync("back", 1, Token)).Status.ShouldBe(PublicationStatus.Published);

        (await File.ReadAllBytesAsync(file + ".provenance.json", Token)).ShouldBe(before);
        var found = await farm.Store.VerifyAsync(Token);
        (found.Problems.Count, found.WithoutProvenance).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Collect_OfAPackage_TakesItsStatementAlong()
    {
        _farm.Time.Advance(DateTimeOffset.UnixEpoch.AddYears(100) - _farm.Time.GetUtcNow());
        await _farm.PublishAsync("foo", "1-1");
        await _farm.PublishAsync("foo", "2-1");
        _farm.Time.Advance(TimeSpan.FromDays(30));

        (await _farm.Store.CollectAsync(_farm.Time.GetUtcNow(), Token)).Files.ShouldBe(["foo-1-1-x86_64.pkg.tar.zst"]);

        Directory.EnumerateFiles(_farm.Store.Folder).Select(Path.GetFileName).Where(name => name!.StartsWith("foo-", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ShouldBe(
        [
            "foo-2-1-x86_64.pkg.tar.zst", "foo-2-1-x86_64.pkg.tar.zst.provenance.json", "foo-2-1-x86_64.pkg.tar.zst.provenance.json.sig",
            "foo-2-1-x86_64.pkg.tar.zst.sig",
        ]);
    }

    [Theory]
    [InlineData("", "it is no statement:")]
    [InlineData("[]", "it is no statement:")]
    [InlineData("null", "it is no statement of a build of this farm")]
    [InlineData("{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[null]}", "it is no statement of a build of this farm")]
    public void Problem_OfWhatIsNoStatement_SaysSo(string text, string problem) =>
        ProvenanceStatement.Problem(System.Text.Encoding.UTF8.GetBytes(text), "a", "b").ShouldNotBeNull().ShouldStartWith(problem);

    [Fact]
    public void Problem_WhenTheContentIsOther_SaysSo()
    {
        var statement = ProvenanceStatement.Write(TestFarm.Origin("farm/x86_64/a/1"), [new("a.pkg.tar", "1")], "farm/x86_64", "a", null);

        ProvenanceStatement.Problem(statement, "a.pkg.tar", "1").ShouldBeNull();
        ProvenanceStatement.Problem(statement, "a.pkg.tar", "2").ShouldBe("it is about other content of this package");
        ProvenanceStatement.Problem(statement, "b.pkg.tar", "1").ShouldBe("it is not about this package");
    }

    private string Beside(string package) => Path.Combine(_farm.Store.Folder, package + ".provenance.json");

    private string Of(string name) => Beside($"{name}-1.0-1-x86_64.pkg.tar.zst");
}
