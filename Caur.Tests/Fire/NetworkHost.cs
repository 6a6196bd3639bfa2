using System.Globalization;
using Caur.Tests.Support;

namespace Caur.Tests.Fire;

/// <summary>A network namespace that stands for a host of its own, and the one cable from it to this machine.</summary>
internal sealed class NetworkHost : IAsyncDisposable
{
    private readonly string _name;
    private readonly string _cable;

    private NetworkHost(string name, string cable, string address) => (_name, _cable, Gateway) = (name, cable, address);

    /// <summary>This machine's address, as seen from there.</summary>
    public string Gateway { get; }

    /// <summary>What a command is run by that is to run there.</summary>
    public string[] Wrapper => ["nsenter", $"--net=/run/netns/{_name}"];

    /// <summary>Ends a test that cannot have one, before anything else is made for it.</summary>
    public static void Require()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Requirement.Missing("network namespaces are made by root alone");
        }

        Requirement.Program("ip");
        Requirement.Program("nsenter");
    }

    /// <summary>Makes one. Only root may.</summary>
    public static async Task<NetworkHost> CreateAsync()
    {
        Require();
        var (number, subnet) = (Random.Shared.Next(0x10000), Random.Shared.Next(0x3FFF));
        var network = string.Create(CultureInfo.InvariantCulture, $"10.{100 + (subnet >> 12)}.{(subnet >> 6) & 63}.");
        var first = (subnet & 63) * 4;
        var host = new NetworkHost(
            string.Create(CultureInfo.InvariantCulture, $"caur-fire-{number:x4}"),
            string.Create(CultureInfo.InvariantCulture, $"cfire{number:x4}"),
            string.Create(CultureInfo.InvariantCulture, $"{network}{first + 1}"));
        try
        {
            await IpAsync("netns", "add", host._name);
            await IpAsync("link", "add", host._cable, "type", "veth", "peer", "name", "eth0", "netns", host._name);
            await IpAsync("address", "add", $"{host.Gateway}/30", "dev", host._cable);
            await IpAsync("link", "set", host._cable, "up");
            await IpAsync("-n", host._name, "address", "add", string.Create(CultureInfo.InvariantCulture, $"{network}{first + 2}/30"), "dev", "eth0");
            await IpAsync("-n", host._name, "link", "set", "eth0", "up");
            await IpAsync("-n", host._name, "link", "set", "lo", "up");
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Pulls the cable: nobody is told, nothing comes through.</summary>
    public Task CutAsync() => IpAsync("link", "set", _cable, "down");

    public Task RestoreAsync() => IpAsync("link", "set", _cable, "up");

    /// <summary>The cable goes with the namespace.</summary>
    public async ValueTask DisposeAsync() => await CleanUp.AllAsync(() => CleanUp.RunAsync("ip", "netns", "delete", _name));

    private static async Task IpAsync(params string[] arguments)
    {
        var done = await Processes.RunAsync("ip", arguments);
        done.ExitCode.ShouldBe(0, $"ip {string.Join(' ', arguments)}: {done}");
    }
}
