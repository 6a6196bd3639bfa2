using Caur.Builder.Engines;

namespace Caur.Tests.Builder.Engines;

public sealed class EngineOptionsTests
{
    [Theory]
    [InlineData("", "/var/run/docker.sock")]
    [InlineData("DOCKER_HOST=unix:///run/x.sock", "unix:///run/x.sock")]
    [InlineData("CONTAINER_HOST=unix:///run/x.sock", "unix:///run/x.sock")]
    [InlineData("DOCKER_SOCKET=/run/y.sock", "/run/y.sock")]
    [InlineData("CONTAINER_ENGINE=podman", "/run/podman/podman.sock")]
    [InlineData("CONTAINER_ENGINE=podman DOCKER_SOCKET=/run/user/1000/podman/podman.sock", "/run/user/1000/podman/podman.sock")]
    [InlineData("CONTAINER_ENGINE=podman CONTAINER_HOST=unix:///c DOCKER_HOST=unix:///d", "unix:///c")]
    [InlineData("CONTAINER_ENGINE=docker", "/var/run/docker.sock")]
    [InlineData("CONTAINER_ENGINE= DOCKER_HOST=", "/var/run/docker.sock")]
    public void ReadEnvironment_WhenVariablesAreSet_TakesTheAddress(string variables, string address)
    {
        var set = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);
        var options = new EngineOptions();
        options.ReadEnvironment(set.GetValueOrDefault);
        options.Address.ShouldBe(address);
        options.Problems().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("ssh://builder@host")]
    [InlineData("docker.sock")]
    [InlineData("unix://relative")]
    public void Validate_WhenAddressIsNotUnderstood_SaysSo(string address) =>
        new EngineOptions { Address = address }.Problems().ShouldHaveSingleItem().ShouldContain(address);

    [Theory]
    [InlineData("archlinux", "archlinux", "latest", false)]
    [InlineData("caur-builder:bootstrap", "caur-builder", "bootstrap", false)]
    [InlineData("registry:5000/a/b", "registry:5000/a/b", "latest", true)]
    [InlineData("ghcr.io/a/b:1.2", "ghcr.io/a/b", "1.2", true)]
    [InlineData("localhost/a:x", "localhost/a", "x", false)]
    [InlineData("library/a", "library/a", "latest", false)]
    [InlineData("a/b@sha256:0123", "a/b", "sha256:0123", false)]
    public void Split_WhenReferenceIsGiven_FindsNameTagAndRegistry(string reference, string name, string tag, bool registry)
    {
        ImageReference.Split(reference).ShouldBe((name, tag));
        ImageReference.NamesRegistry(reference).ShouldBe(registry);
    }
}
