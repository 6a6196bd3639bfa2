using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Caur.Tests.Farm;

/// <summary>A farm with builds that depend on each other, whose hub ends again and again in the middle of them, and what has to be true
/// when all is done: each was built and published once, in order, with a log without gap or repetition.</summary>
internal sealed partial class HubKillRun(FarmSetup farm, Random random, int builds)
{
    private const int Lines = 20;

    private readonly Guid _operation = Guid.NewGuid();
    private readonly Dictionary<string, string[]> _dependsOn = [];
    private Dictionary<string, string> _ids = [];
    private bool _handsBack;

    /// <summary>Writes the packages: tiny ones that say numbered lines for a second, each depending on up to two before it.</summary>
    public async Task PrepareAsync()
    {
        for (var i = 0; i < builds; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"p{i:00}");
            var firsts = Enumerable.Range(0, i < 4 ? 0 : 2).Select(_ => string.Create(CultureInfo.InvariantCulture, $"p{random.Next(i):00}")).Distinct().ToArray();
            _dependsOn[name] = firsts;
            var folder = Directory.CreateDirectory(Path.Combine(farm.Sources.Path, name)).FullName;
            await File.WriteAllTextAsync(Path.Combine(folder, "PKGBUILD"), $$"""
                pkgname={{name}}
                pkgver=1
                pkgrel=1
                arch=(any)
                depends=({{string.Join(' ', firsts)}})
                build() { for n in {1..{{Lines}}}; do echo "{{name}} says $n."; sleep 0.05; done; }
                {{SourceFolder.Program(name)}}

                """);
            await File.WriteAllTextAsync(
                Path.Combine(folder, ".SRCINFO"),
                $"pkgbase = {name}\n\tpkgver = 1\n\tpkgrel = 1\n\tarch = any\n{string.Concat(firsts.Select(first => $"\tdepends = {first}\n"))}\npkgname = {name}\n");
        }

        await farm.Sources.CommitAsync();
    }

    public Task<HubProcess> StartHubAsync() => farm.StartHubAsync(("CAUR_SLOTS", "4"));

    /// <summary>Queues all, or says again what was said.</summary>
    public async Task ScheduleAsync(HubProcess hub)
    {
        var reply = await hub.PostAsync(
            "/api/queue/schedule", new { source_repo = "sources", target_repo = "farm", all = true, operation = _operation });
        var ids = reply.GetProperty("builds").EnumerateArray()
            .Select(build => build.GetProperty("build").GetString()!)
            .ToDictionary(id => id.Split('/')[2]);
        if (_ids.Count > 0)
        {
            ids.ShouldBe(_ids, ignoreOrder: true, "the same call is answered the same, also by a hub that was started anew");
        }

        _ids = ids;
        ids.Count.ShouldBe(builds);
    }

    /// <summary>Waits until so many builds have left the queue and so many are with the builder.</summary>
    public async Task UntilAsync(HubProcess hub, int done, int active, CancellationToken cancellationToken)
    {
        while (true)
        {
            var items = (await hub.GetAsync("/api/v1/queue?limit=1000")).GetProperty("items").EnumerateArray().ToList();
            var busy = items.Count(item => item.GetProperty("state").GetString() is "Running" or "Uploading" or "Publishing");
            if (builds - items.Count >= done && (busy >= Math.Min(active, items.Count) || items.Count == 0))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>kill -9, or SIGTERM, which hands back what runs.</summary>
    public async Task EndAsync(HubProcess hub, bool kill)
    {
        if (kill)
        {
            await hub.KillAsync();
        }
        else
        {
            _handsBack = true;
            (await hub.StopAsync()).ShouldBe(0, hub.Output);
        }
    }

    /// <summary>Waits for the end of all builds and looks at each.</summary>
    public async Task CheckAsync(HubProcess hub, TimeSpan limit)
    {
        var views = new Dictionary<string, JsonElement>();
        foreach (var (name, id) in _ids)
        {
            var build = await hub.SettledAsync(id, limit);
            build.GetProperty("state").GetString().ShouldBe("Published", $"{name}: {build}\n{hub.Output}");
            views[name] = build.GetProperty("view");
            await CheckLogAsync(hub, name, id);
        }

        foreach (var (name, view) in views)
        {
            var attempts = view.GetProperty("attempts").EnumerateArray().ToList();
            attempts[^1].GetProperty("end").GetString().ShouldBe("Built", name);

            // Accepted and not begun when the hub died, or handed back by it: never lost, and never built twice.
            attempts.SkipLast(1).ShouldAllBe(attempt => attempt.GetProperty("end").GetString() == "HandedBack");
            foreach (var first in _dependsOn[name])
            {
                attempts[0].GetProperty("accepted").GetDateTimeOffset()
                    .ShouldBeGreaterThan(views[first].GetProperty("finished").GetDateTimeOffset(), $"{name} began before {first} was published");
            }
        }

        (await hub.GetAsync("/api/v1/queue")).GetProperty("items").GetArrayLength().ShouldBe(0);
        var packages = Directory.EnumerateFiles(Path.Combine(farm.Data, "repos", "farm", "x86_64"), "*.pkg.tar.zst").Select(Path.GetFileName);
        packages.Order(StringComparer.Ordinal).ShouldBe(_ids.Keys.Order(StringComparer.Ordinal).Select(name => $"{name}-1-1-any.pkg.tar.zst"));
        await farm.NoContainersAsync();
    }

    private async Task CheckLogAsync(HubProcess hub, string name, string id)
    {
        var log = await hub.Http.GetStringAsync($"/api/logs/{name}/{id.Split('/')[3]}");
        var said = Line().Matches(log).Select(match => int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)).ToList();
        if (_handsBack && said.Count > Lines)
        {
            // What an attempt said that was handed back stays in the log; the last one's is whole.
            said = [.. said.TakeLast(Lines)];
        }

        said.ShouldBe(Enumerable.Range(1, Lines), $"the log of {name}:\n{log}");
        (log.Split("Package successfully deployed").Length - 1).ShouldBe(1, log);
    }

    [GeneratedRegex(@"^(p\d+) says (\d+)\.", RegexOptions.Multiline)]
    private static partial Regex Line();
}
