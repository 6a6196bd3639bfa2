using System.Runtime.Versioning;
using System.Threading.Channels;
using Caur.Pacman;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using ProcessResult = Caur.Storage.Processes.ProcessResult;

namespace Caur.Tests.Publication;

/// <summary>Clients that update in a loop while publications happen.</summary>
[SupportedOSPlatform("linux")]
public sealed class ClientLoopTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private const int Publications = 200;
    private const int Clients = 3;

    private readonly TestFarm _farm = new(key.Gpg.Signer);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _farm.Dispose();

    /// <summary>Real pacman through the real gateway, signatures required on everything: no exit code but 0, no warning, never an older
    /// database than the one before, and in the end the newest. With each publication another client updates, while those before it may still be
    /// at it: so the work is bounded, however long the publications take.</summary>
    [Fact]
    public async Task Update_WhileTwoHundredPublicationsHappen_NeverSeesAnError()
    {
        await _farm.PublishAsync("p", "1-1");
        await using var gateway = await Gateway.StartAsync(_farm.Root);
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => PacmanClient.CreateAsync(key.Gpg.Signer, gateway.Server)));
        var turns = clients.Select(_ => Channel.CreateBounded<int>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite })).ToList();
        var loops = clients.Zip(turns, (client, turn) => Task.Run(() => LoopAsync(client, turn.Reader), Token)).ToList();

        for (var number = 2; number <= Publications + 1; number++)
        {
            // Now and then a split package takes the name over, and drops the part that it had the time before.
            var build = number % 10 == 0
                ? await _farm.LandAsync("split", new BuiltPackage($"split-{number}"), new BuiltPackage("split"), new BuiltPackage("p", $"{number}-1"))
                : await _farm.LandAsync("p", new BuiltPackage("p", $"{number}-1"));

            // A client that has not begun its last turn has this one with it; how many it had at least is asserted below.
            _ = turns[number % Clients].Writer.TryWrite(number);
            await _farm.PublishAsync(build with { AllowTakeOver = true });
            loops.ShouldAllBe(loop => !loop.IsFaulted);
        }

        turns.ForEach(turn => turn.Writer.Complete());
        foreach (var (client, loop) in clients.Zip(loops))
        {
            var (updates, generations) = await loop.Timeout(TimeSpan.FromMinutes(1), "the last update");
            updates.ShouldBeGreaterThan(5);
            generations.ShouldBeGreaterThan(5);
            (await UpdateAsync(client)).ShouldBe(Publications + 1);
            await client.DisposeAsync();
        }

        _farm.Store.CurrentGeneration.ShouldBe(Publications + 1);
    }

    /// <summary>Behind a web server that knows nothing of generations a publication may come between a database and its signature. pacman
    /// refuses the pair then, keeps what it had installed, and has the newest with the next try.</summary>
    [Fact]
    public async Task Update_BehindAPlainWebServer_RecoversWithTheNextTry()
    {
        await _farm.PublishAsync("p", "1-1");
        var version = 1;
        var between = false;
        await using var server = await Gateway.StartAsync(app => app.MapGet("/repos/{**path}", async (string path) =>
        {
            if (between && path.EndsWith("farm.db.sig", StringComparison.Ordinal))
            {
                between = false;
                await _farm.PublishAsync("p", $"{++version}-1");
            }

            // As any web server: the file that the name leads to.
            var file = Path.Combine(_farm.Root, path);
            return File.Exists(file)
                ? Results.Bytes(await File.ReadAllBytesAsync(file), lastModified: new FileInfo(file).ResolveLinkTarget(true)?.LastWriteTimeUtc)
                : Results.NotFound();
        }));
        await using var pacman = await PacmanClient.CreateAsync(key.Gpg.Signer, server.Server);
        await pacman.MustAsync("-Sy", "p");

        for (var round = 0; round < 3; round++)
        {
            await _farm.PublishAsync("p", $"{++version}-1");
            between = true;
            var caught = await pacman.RunAsync("-Sy");
            between.ShouldBeFalse("the publication came in between");
            caught.ExitCode.ShouldNotBe(0, caught.OutputText);
            caught.Error.ShouldContain("invalid");
            (await pacman.InstalledAsync()).ShouldBe([$"p {version - 2}-1"]);

            await pacman.MustAsync("-Syu");
            (await pacman.InstalledAsync()).ShouldBe([$"p {version}-1"]);
        }
    }

    private static async Task<(int Updates, int Generations)> LoopAsync(PacmanClient client, ChannelReader<int> turns)
    {
        var (updates, generations, newest) = (0, 0, 0);
        await foreach (var _ in turns.ReadAllAsync(Token))
        {
            var seen = await UpdateAsync(client);
            seen.ShouldBeGreaterThanOrEqualTo(newest, "the database went back");
            generations += seen > newest ? 1 : 0;
            newest = seen;
            if (++updates % 5 == 0)
            {
                Check(await client.RunAsync("-Sw", "p"));
            }
        }

        return (updates, generations);
    }

    /// <summary>Updates and returns the number that the database has.</summary>
    private static async Task<int> UpdateAsync(PacmanClient client)
    {
        Check(await client.RunAsync("-Sy"));
        await using var file = File.OpenRead(client.DatabasePath("farm"));
        var database = await RepositoryDatabase.ReadAsync(file, null, cancellationToken: Token);
        return int.Parse(
            database.Value!.Single(entry => entry.Name.ToString() == "p").Version.ToString().Split('-')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static void Check(ProcessResult result)
    {
        result.ExitCode.ShouldBe(0, result.OutputText + result.Error);
        (result.OutputText + result.Error).ShouldNotContain("warning");
        (result.OutputText + result.Error).ShouldNotContain("error");
        (result.OutputText + result.Error).ShouldNotContain("failed");
    }
}
