using Caur.Protocol.Link;
using Caur.Silo.Ssh;

namespace Caur.Tests.Ssh;

/// <summary>Where archives go by SFTP, as the hub and a builder's environment say it.</summary>
public sealed class SftpOptionsTests
{
    [Theory]
    [InlineData("DATABASE_HOST", "-oProxyCommand=x", "DATABASE_HOST: '-oProxyCommand=x' is no name of a host")]
    [InlineData("DATABASE_USER", "a b", "DATABASE_USER: 'a b' is no name of a user")]
    [InlineData("DATABASE_PORT", "0", "DATABASE_PORT must be a port from 1 to 65535, not '0'")]
    [InlineData("LANDING_ZONE_PATH", "/x\"y", "LANDING_ZONE_PATH: '/x\"y' cannot be a folder for sftp")]
    [InlineData("CAUR_SSH_KEY", "/nonexistent/key", "CAUR_SSH_KEY names '/nonexistent/key', and there is no such file")]
    public void Read_WhenItCannotBeMeant_NamesTheVariable(string name, string value, string said) =>
        Should.Throw<FormatException>(() => SftpOptions.Read(wanted => wanted == name ? value : null)).Message.ShouldContain(said);

    [Fact]
    public void Target_OfTheHubsSettingsAndTheBuilders_IsTheBuildersWhereTheySaySomething()
    {
        var told = new SftpServer("farm.example.org") { Port = 2022, User = "package-deployer" };

        Target(new SftpOptions { KeyFile = "/app/sshkey" }, told).ShouldBe("package-deployer@farm.example.org:2022");
        Target(new SftpOptions(), told).ShouldBeNull("no key was given for a server that the hub names");
        Target(new SftpOptions { Host = "host.docker.internal", Port = 22 }, told).ShouldBe("package-deployer@host.docker.internal:22");
        Target(new SftpOptions { Host = "h", User = "u" }, null).ShouldBe("u@h:22");
        Target(new SftpOptions { User = "u" }, null).ShouldBeNull();
        Target(new SftpOptions { Host = "none" }, told).ShouldBeNull();

        static string? Target(SftpOptions options, SftpServer? told) => new SftpCarrier(options, TimeProvider.System).Target(told);
    }
}
