using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Builder.Workspaces;
using Caur.Protocol.Builders;

namespace Caur.Tests.Builder.Workspaces;

[SupportedOSPlatform("linux")]
public sealed class WorkspaceTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_WhenAnotherAgentWorksThere_SaysSo()
    {
        string instance;
        using (var first = Workspace.Open(_folder["w"], null))
        {
            instance = first.Instance;
            Should.Throw<InvalidOperationException>(() => Workspace.Open(_folder["w"], null)).Message.ShouldContain("folder of its own");
        }

        using var second = Workspace.Open(_folder["w"], null);
        second.Instance.ShouldBe(instance);
    }

    [Fact]
    public void OpenShared_WhenSeveralAgentsShareAFolder_GivesEachAnInstanceThatItKeeps()
    {
        var (first, folders) = OpenThree();
        first.Distinct().Count().ShouldBe(3);
        folders.ShouldBe(["/host/shared", "/host/shared/agents/2", "/host/shared/agents/3"]);

        OpenThree().Instances.ShouldBe(first, "after a restart of all");

        using var one = Workspace.OpenShared(_folder["shared"], null);
        using (var two = Workspace.OpenShared(_folder["shared"], null))
        {
            using var three = Workspace.OpenShared(_folder["shared"], null);
            three.Instance.ShouldBe(first[2]);
        }

        using var again = Workspace.OpenShared(_folder["shared"], null);
        again.Instance.ShouldBe(first[1], "after a restart of one, while the others go on");

        (string[] Instances, string[] Folders) OpenThree()
        {
            using var one = Workspace.OpenShared(_folder["shared"], "/host/shared");
            using var two = Workspace.OpenShared(_folder["shared"], "/host/shared");
            using var three = Workspace.OpenShared(_folder["shared"], "/host/shared");
            Workspace[] all = [one, two, three];
            return ([.. all.Select(workspace => workspace.Instance)], [.. all.Select(workspace => Path.GetDirectoryName(workspace.OnHost(workspace.Sources))!)]);
        }
    }

    [Theory]
    [InlineData("c++utilities")]
    [InlineData("Lib.x@1")]
    [InlineData("a_b-c")]
    public void KeyOf_WhenNamesAreStrange_IsSafeAndDiffersByAttempt(string pkgbase)
    {
        var one = Workspace.KeyOf(new($"caur/x86_64/{pkgbase}/1900000000000", 1));
        one.ShouldMatch("^[0-9a-f]{12}-1-[A-Za-z0-9._-]+$");
        Workspace.KeyOf(new($"caur/x86_64/{pkgbase}/1900000000000", 2)).ShouldNotBe(one);
        Workspace.KeyOf(new($"caur/x86_64/{pkgbase.Replace('+', '@')}/1900000000001", 1)).ShouldNotBe(one);
    }

    [Fact]
    public void Create_WhenAnAttemptBegins_ClosesItToOthersButTheOutput()
    {
        using var workspace = Workspace.Open(_folder["w"], "/host/shared");
        var folder = workspace.Folder(new("caur/x86_64/a/1", 1));
        folder.Create();
        ((int)File.GetUnixFileMode(folder.Path)).ShouldBe(0x1C0);
        ((int)File.GetUnixFileMode(folder.Output)).ShouldBe(0x1FF);
        workspace.OnHost(folder.Output).ShouldStartWith("/host/shared/attempts/");
        File.CreateSymbolicLink(Path.Combine(folder.Output, "link"), _folder.Path);
        folder.Delete();
        Directory.Exists(_folder.Path).ShouldBeTrue();
        workspace.Folders().ShouldBeEmpty();
    }

    [Fact]
    public async Task Load_WhenSavedBefore_GivesTheOrderBack()
    {
        using var workspace = Workspace.Open(_folder["w"], null);
        var folder = workspace.Folder(new("caur/x86_64/a/1", 1));
        folder.Create();
        (await folder.LoadAsync(TestContext.Current.CancellationToken)).ShouldBeNull();
        var order = new BuildOrder
        {
            Attempt = new("caur/x86_64/a/1", 1),
            Pkgbase = "a",
            TargetRepository = "caur",
            Arch = "x86_64",
            SourceRepository = "s",
            SourceUrl = "/x",
            Commit = new string('a', 40),
            Image = "x",
            Timeout = TimeSpan.FromHours(7),
            Repositories = [new("caur", ["http://x"])],
            Environment = new Dictionary<string, string> { ["A"] = "b" },
        };
        await folder.SaveAsync(new() { Order = order, ContainerName = "c", ImageDigest = "d" }, "hi"u8.ToArray(), TestContext.Current.CancellationToken);
        var loaded = (await folder.LoadAsync(TestContext.Current.CancellationToken)).ShouldNotBeNull();
        loaded.Preamble.ShouldBe("hi"u8.ToArray());
        JsonSerializer.Serialize(loaded.Record.Order).ShouldBe(JsonSerializer.Serialize(order));
    }

    [Fact]
    public void RemoveSources_WhenUnusedForLong_KeepsTheOthers()
    {
        using var workspace = Workspace.Open(_folder["w"], null);
        var now = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var old = workspace.SourceCache("caur", "old", now - TimeSpan.FromDays(31));
        var fresh = workspace.SourceCache("caur", "fresh", now - TimeSpan.FromDays(29));
        workspace.RemoveSourcesUnusedSince(now - TimeSpan.FromDays(30));
        Directory.Exists(old).ShouldBeFalse();
        Directory.Exists(fresh).ShouldBeTrue();
    }
}
