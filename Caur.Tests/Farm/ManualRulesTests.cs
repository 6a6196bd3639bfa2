using System.Text.Json;

namespace Caur.Tests.Farm;

/// <summary>What the manual lets a package folder and a farm's configuration say, from the schedule to the repository, with everything real.
/// Each single rule of the build container has its tests in Caur.Tests.Image.</summary>
public sealed class ManualRulesTests
{
    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Farm_WithSeveralSourcesAndTargets_BuildsEachByItsFoldersRules()
    {
        using var farm = await FarmSetup.CreateAsync();
        var others = farm.SourcesOf("others");
        await farm.Sources.AddAsync("rules", "pkgver=1.0\ngroups=(of-others)\nreplaces=(everything)");
        await farm.Sources.AddFilesAsync(
            "rules",
            ("PKGBUILD", await File.ReadAllTextAsync(Path.Combine(farm.Sources.Path, "rules", "PKGBUILD"), Token)),
            (".CI/config", "# kept\nCI_PACKAGE_BUMP=1.0-1/2\nBUILDER_CACHE_SOURCES=true\nBUILDER_EXTRA_TIMEOUT=2\n"),
            (".CI/on-success.sh", "echo \"on-success of $CAUR_PKGBASE\"\n"));
        var commit = await farm.Sources.CommitAsync();
        await others.AddAsync("uses-rules", "pkgver=3\ndepends=(rules)", "check() { rules; }\n" + SourceFolder.Program("uses-rules"));
        await others.CommitAsync();
        await using var hub = await farm.StartHubAsync(
            ("PACKAGE_REPOS", JsonSerializer.Serialize(new Dictionary<string, object> { ["sources"] = new { url = farm.Sources.Path }, ["others"] = new { url = others.Path } })),
            ("PACKAGE_TARGET_REPOS", $$$"""
                {"farm":{},"second":{"extra_repos":[{"name":"farm","servers":["http://host.docker.internal:{{{farm.Port}}}/repos/$repo/$arch"]}]},
                 "third":{"architectures":["riscv64"]}}
                """));

        var (rules, log) = await BuildAsync(hub, "sources", "farm", "rules");

        rules.GetProperty("state").GetString().ShouldBe("Published", hub.Output);
        log.ShouldContain("on builder tester, attempt 1");
        log.ShouldContain("Left out of the packages: groups of-others, replaces everything");
        log.ShouldContain("on-success of rules");
        log.ShouldContain("rules-1.0-1.2-any.pkg.tar.zst");
        using var provenance = JsonDocument.Parse(await hub.Http.GetStringAsync("/repos/farm/x86_64/rules-1.0-1.2-any.pkg.tar.zst.provenance.json", Token));
        var asked = provenance.RootElement.GetProperty("predicate").GetProperty("buildDefinition").GetProperty("externalParameters");
        asked.GetProperty("commit").GetString().ShouldBe(commit);
        asked.GetProperty("config").GetProperty("CI_PACKAGE_BUMP").GetString().ShouldBe("1.0-1/2");
        (await hub.Http.GetByteArrayAsync("/repos/farm/x86_64/rules-1.0-1.2-any.pkg.tar.zst.provenance.json.sig", Token)).ShouldNotBeEmpty();

        var (again, unneeded) = await BuildAsync(hub, "sources", "farm", "rules");

        again.GetProperty("state").GetString().ShouldBe("AlreadyBuilt");
        unneeded.ShouldContain("No container is needed, the target repository has rules-1.0-1.2-any");

        var (uses, used) = await BuildAsync(hub, "others", "second", "uses-rules");

        uses.GetProperty("state").GetString().ShouldBe("Published", used);
        used.ShouldContain("rules runs");
        (await hub.GetAsync("/api/v1/repositories/second/x86_64")).GetProperty("packages").GetInt32().ShouldBe(1);

        var foreign = await hub.PostAsync(
            "/api/queue/schedule", new { source_repo = "others", target_repo = "third", arch = "riscv64", packages = new[] { new { pkgbase = "uses-rules" } } });
        var waiting = await hub.GetAsync($"/api/v1/builds/{foreign.GetProperty("builds")[0].GetProperty("build").GetString()}");
        waiting.GetProperty("wait").GetString().ShouldBe("NoFittingBuilder");
        waiting.GetProperty("reason").GetString().ShouldNotBeNull().ShouldContain("riscv64");
        await farm.NoContainersAsync();
    }

    private static async Task<(JsonElement Build, string Log)> BuildAsync(HubProcess hub, string source, string target, string package)
    {
        var id = (await hub.ScheduleAsync(source, target, package)).GetProperty("builds")[0].GetProperty("build").GetString()!;
        var build = await hub.SettledAsync(id, BuildTime);
        return (build, await hub.Http.GetStringAsync($"/api/logs/{package}/{id.Split('/')[3]}", Token));
    }
}
