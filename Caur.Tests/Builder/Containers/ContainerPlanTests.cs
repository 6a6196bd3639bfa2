using Caur.Builder.Containers;
using Caur.Builder.Engines;
using Caur.Protocol.Builders;

namespace Caur.Tests.Builder.Containers;

public sealed class ContainerPlanTests
{
    [Fact]
    public void ToCreation_Always_IsAsLittlePrivilegedAsTheContractSays()
    {
        var creation = Plan().ToCreation();
        var host = creation.HostConfig;
        (creation.Tty, creation.OpenStdin, creation.User).ShouldBe((true, false, "root"));
        host.CapDrop.ShouldBe(["ALL"]);
        host.CapAdd.ShouldNotBeNull().ShouldNotContain("SYS_ADMIN");
        host.SecurityOpt.ShouldBe(["no-new-privileges"]);
        host.Privileged.ShouldBeFalse();
        host.AutoRemove.ShouldBeFalse();
        host.Mounts.ShouldNotBeNull().ShouldAllBe(m => m.Type == "bind" && !m.Source.Contains("docker.sock"));
        creation.Labels["caur.build"].ShouldBe("caur/x86_64/a/1");
        ContainerLabels.AttemptOf(creation.Labels).ShouldBe(new AttemptRef("caur/x86_64/a/1", 3));
        host.ExtraHosts.ShouldBe(["host.docker.internal:host-gateway"]);
        host.LogConfig.ShouldNotBeNull().Type.ShouldBe("local");
    }

    [Fact]
    public void ToCreation_WhenLimitsAreSet_PassesThemOn()
    {
        var host = Plan(new() { Cpus = 2.5, MemoryBytes = 1 << 30, MaxProcesses = 99 }).ToCreation();
        (host.HostConfig.CpuPeriod, host.HostConfig.CpuQuota, host.HostConfig.Memory, host.HostConfig.PidsLimit).ShouldBe((100_000, 250_000, 1 << 30, 99));
        host.Env.ShouldContain("MAKEFLAGS=-j3");
        host.Env.ShouldContain("BUILDER_TIMEOUT=3600");
    }

    [Fact]
    public void ToCreation_WhenTheOrderHasItsOwnVariables_TheyWinButNotOverTheBuildsName()
    {
        var plan = Plan();
        plan = plan with { Order = plan.Order with { Environment = new Dictionary<string, string> { ["MAKEFLAGS"] = "-j1", ["CAUR_PKGBASE"] = "other" } } };
        plan.ToCreation().Env.ShouldContain("MAKEFLAGS=-j1");
        plan.ToCreation().Env.ShouldContain("CAUR_PKGBASE=a");
    }

    [Fact]
    public void ToCreation_WhenTheEngineIsPodman_UsesWhatItKnows()
    {
        var host = (Plan() with { IsPodman = true, WithUlimits = false }).ToCreation().HostConfig;
        host.ExtraHosts.ShouldBeNull();
        host.LogConfig.ShouldNotBeNull().Type.ShouldBe("k8s-file");
        host.Ulimits.ShouldBeNull();
    }

    private static ContainerPlan Plan(ContainerOptions? options = null) => new()
    {
        Order = new BuildOrder
        {
            Attempt = new("caur/x86_64/a/1", 3),
            Pkgbase = "a",
            TargetRepository = "caur",
            Arch = "x86_64",
            SourceRepository = "s",
            SourceUrl = "/x",
            Commit = new string('a', 40),
            Image = "x",
        },
        ImageId = "sha256:1",
        Builder = "b",
        Instance = "0123456789ab",
        Options = options ?? new(),
        SkipCode = 123,
        Timeout = TimeSpan.FromHours(1),
        Now = DateTimeOffset.UnixEpoch,
        KeptOutput = 1000,
        Mounts = [new ContainerMount("bind", "/w/src", "/caur/src", true)],
        IsPodman = false,
    };
}
