using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Caur.Api.Link;
using Caur.Builder.Link;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Silo.Ssh;
using Caur.Storage.Landing;
using Caur.Tests.Link;
using Caur.Tests.Soak;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Win32.SafeHandles;

namespace Caur.Tests.Ssh;

/// <summary>Archives of several builders at once, by SFTP over a way that is cut at random while what lies there is damaged at random: each arrives
/// as it was, under its own name, and nothing is left where it came in.</summary>
[SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
internal sealed class SftpScenario : ISoakScenario
{
    public string Name => "sftp-uploads";

    public async Task RunAsync(SoakRound round)
    {
        await using var server = await SshServer.StartAsync();
        await using var proxy = new CutProxy(server.Port);
        var port = proxy.Url.Port;
        var options = server.Sftp() with { Port = port, KnownHosts = server.KnownHostsAt(port) };
        await using var hub = await LinkHub.StartAsync(more: services => services.Configure<LinkOptions>(links => links.SftpHost = "127.0.0.1"));
        var landing = hub.Hub.Services.GetRequiredService<LandingZone>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(round.Cancelled);
        var harm = CutAsync(round.Fork(), proxy, landing.IncomingFolder, round, end.Token);
        try
        {
            await Task.WhenAll(Enumerable.Range(0, round.IsShort ? 2 : 3).Select(number => SendAsync(number, round.Fork())));
        }
        finally
        {
            await end.CancelAsync();
            await harm.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Directory.EnumerateFileSystemEntries(landing.IncomingFolder).ShouldBeEmpty();

        async Task SendAsync(int number, Random random)
        {
            var name = $"builder{number}";
            var token = (await hub.TokenAsync(name)).Token;
            var carrier = new Harmful(new SftpCarrier(options, TimeProvider.System), random, round);
            var session = hub.Session(new LinkAgentOptions { Gateway = hub.Hub.Url, Token = () => token, Carrier = carrier, CarrierPause = TimeSpan.Zero });
            (await session.HelloAsync(LinkHub.Hello(name), new TestAgent(), round.Cancelled).DefaultTimeout("the hello")).Accepted.ShouldBeTrue();
            var attempt = await hub.StartAsync(session, $"hello{number}");
            var sent = new Dictionary<string, byte[]>();
            for (var archive = 0; archive < (round.IsShort ? 1 : 6); archive++)
            {
                var bytes = new byte[random.Next(1, 8_000_000)];
                random.NextBytes(bytes);
                var path = Path.Combine(round.Folder, $"{number}-{archive}");
                await File.WriteAllBytesAsync(path, bytes, round.Cancelled);
                var info = new ArchiveInfo($"hello{archive}-1-1-any.pkg.tar", bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
                await StoredAsync(session, attempt, info, path);
                sent[info.FileName] = bytes;
            }

            var landed = landing.List(attempt.Build, attempt.Number);
            landed.Select(file => file.FileName).ShouldBe(sent.Keys, ignoreOrder: true);
            foreach (var file in landed)
            {
                (await File.ReadAllBytesAsync(file.Path, round.Cancelled)).AsSpan().SequenceEqual(sent[file.FileName]).ShouldBeTrue(file.FileName);
            }
        }

        async Task StoredAsync(LinkSession session, AttemptRef attempt, ArchiveInfo info, string path)
        {
            for (var tries = 1; ; tries++)
            {
                // As an agent does beside it.
                (await session.RenewAsync([attempt], round.Cancelled).DefaultTimeout("a renewal")).Lost.ShouldBeEmpty();
                var reply = await session.UploadAsync(attempt, info, _ => new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read)), round.Cancelled)
                    .DefaultTimeout("an upload");
                if (reply.Stored)
                {
                    round.Count("archives");
                    return;
                }

                round.Count("archives refused");
                reply.Reason.ShouldNotBeNull().ShouldMatch("SHA-256|bytes were named");
                tries.ShouldBeLessThan(50, reply.Reason);
            }
        }
    }

    /// <summary>Cuts when something has begun to come: a connection takes longer to be made than an archive to go over it.</summary>
    private static async Task CutAsync(Random random, CutProxy proxy, string folder, SoakRound round, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(5, 40)), TimeProvider.System, cancellationToken);
            if (Directory.Exists(folder) && Directory.EnumerateFiles(folder).Any() && random.Next(8) == 0)
            {
                proxy.CutOpen();
                round.Count("cuts");
            }
        }
    }

    /// <summary>Damages what lies there now and then: before it is continued, and when it is whole.</summary>
    private sealed class Harmful(SftpCarrier carrier, Random random, SoakRound round) : IArchiveCarrier
    {
        public string? Target(SftpServer? told) => carrier.Target(told);

        public async Task<string?> CarryAsync(SftpServer? told, string place, long offset, SafeFileHandle content, TimeSpan silence, CancellationToken cancellationToken)
        {
            round.Count(offset > 0 ? "continued uploads" : "uploads by sftp");
            Damage(place, oneIn: 4);
            var problem = await carrier.CarryAsync(told, place, offset, content, silence, cancellationToken);
            Damage(place, oneIn: 6);
            return problem;
        }

        private void Damage(string place, int oneIn)
        {
            if (random.Next(oneIn) > 0 || !File.Exists(place))
            {
                return;
            }

            using var file = new FileStream(place, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > 0)
            {
                file.Seek(random.NextInt64(file.Length), SeekOrigin.Begin);
                var was = file.ReadByte();
                file.Seek(-1, SeekOrigin.Current);
                file.WriteByte((byte)(was ^ 1));
                round.Count("damaged uploads");
            }
        }
    }
}
