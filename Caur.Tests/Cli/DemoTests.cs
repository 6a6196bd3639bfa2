using System.Diagnostics;
using System.Text;
using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using Caur.Contracts.Sources;
using Caur.Silo.Cli;
using Caur.Silo.Demo;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Cli;

public sealed class DemoTests
{
    [Fact]
    public void Expectations_OfTheSamples_NameEveryFolder()
    {
        var expectations = DemoExpectations.Parse(File.ReadAllText(Path.Combine(SourceTree.Samples, DemoExpectations.FileName)));

        var folders = Directory.EnumerateDirectories(SourceTree.Samples)
            .Where(folder => File.Exists(Path.Combine(folder, "PKGBUILD")))
            .Select(folder => Path.GetFileName(folder)!);
        expectations.ByPackage.Keys.ShouldBe(folders, ignoreOrder: true);
        expectations.ByPackage["Hello++"].ShouldBe("Published");
    }

    [Theory]
    [InlineData("a Publish")]
    [InlineData("a")]
    [InlineData("a Published b")]
    [InlineData("a Published\na Failed")]
    public void Expectations_WhenALineIsWrong_NameIt(string text) =>
        Should.Throw<FormatException>(() => DemoExpectations.Parse($"# fine\n\n{text}")).Message.ShouldContain("line ");

    [Fact]
    public void Mismatches_WhenSomeCameOutDifferently_NameEach()
    {
        var expectations = DemoExpectations.Parse("again Published # a demo before published it\nbad Failed\ngone Skipped\nheld Held\nwell Published\n");
        var states = new Dictionary<string, string>
        {
            ["again"] = "AlreadyBuilt",
            ["bad"] = "Published",
            ["held"] = "Held",
            ["well"] = "Published",
            ["new"] = "Published",
        };

        expectations.Mismatches(states).ShouldBe(
        [
            "gone was not there, but was expected to end as Skipped",
            "bad ended as Published, but was expected to end as Failed",
            "new ended as Published, but demo.expect does not name it",
        ]);
    }

    [Fact]
    public void Report_WithoutATerminal_MarksWhatWasNotExpected()
    {
        var text = new StringWriter();
        var context = new CliContext(() => Stream.Null, text, TextWriter.Null, _ => null, isTerminal: false);
        BuildProgress[] ends =
        [
            new() { Build = FakeFarm.Id("hello-c"), State = BuildState.Published, Attempts = 1, Seconds = 2.25, Reason = "in generation 1" },
            new() { Build = FakeFarm.Id("fails"), State = BuildState.Published, Attempts = 1, Seconds = 1 },
            new() { Build = FakeFarm.Id("needs-fails"), State = BuildState.Waiting, Wait = WaitReason.Held, Reason = "fails failed" },
        ];
        var refused = new RefusedPackage("odd", "its .SRCINFO is missing");

        DemoReport.Write(context, ends, [refused], DemoExpectations.Parse("hello-c Published\nfails Failed\nneeds-fails Held\nodd Refused"));

        var lines = text.ToString().Split(Environment.NewLine);
        lines[0].ShouldMatch("^PACKAGE +STATE +ATTEMPTS +SECONDS +WHY$");
        lines[1].ShouldMatch(@"^fails +Published \(!\) +1 +1\.0$");
        lines[2].ShouldMatch(@"^hello-c +Published +1 +2\.\d +in generation 1$");
        lines[3].ShouldMatch("^needs-fails +Held +0 +fails failed$");
        lines[4].ShouldMatch("^odd +Refused +its .SRCINFO is missing$");
    }

    [Fact]
    public void PlainLines_HoweverTheBytesArrive_AreTheSame()
    {
        var bytes = Encoding.UTF8.GetBytes("\e[1;34m==>\e[0;1m Making\e[0m \u2713\r\n\r\n\e]0;title\a 10%\r 100%\r\nlast \e(Bline");
        foreach (var size in Enumerable.Range(1, bytes.Length))
        {
            var lines = new List<string>();
            var plain = new PlainLines(lines.Add);
            foreach (var piece in bytes.Chunk(size))
            {
                plain.Add(piece);
            }

            plain.End();
            lines.ShouldBe(["==> Making \u2713", " 100%", "last line"], $"pieces of {size}");
        }
    }

    [Fact]
    public void Release_OfTheSamples_ChangesTheVersionAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        var names = (string[])["PKGBUILD", ".SRCINFO"];
        Directory.CreateDirectory(folder[SampleRelease.Pkgbase]);
        foreach (var name in names)
        {
            File.Copy(Path.Combine(SourceTree.Samples, SampleRelease.Pkgbase, name), folder[SampleRelease.Pkgbase, name]);
        }

        var before = SampleRelease.Read(folder.Path).ShouldNotBeNull();
        var next = SampleRelease.Next(before);
        SampleRelease.Write(folder.Path, next);

        next.ShouldNotBe(before);
        SampleRelease.Read(folder.Path).ShouldBe(next);
        SampleRelease.Full(folder.Path).ShouldContain($":{next}-");
        foreach (var name in names)
        {
            File.ReadAllText(folder[SampleRelease.Pkgbase, name]).ShouldBe(
                File.ReadAllText(Path.Combine(SourceTree.Samples, SampleRelease.Pkgbase, name)).Replace(before, next, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Commit_WhenNothingChanged_KeepsTheCommit()
    {
        using var folder = new TemporaryFolder();
        var cancellation = TestContext.Current.CancellationToken;
        var (from, to) = (folder["from"], folder["to"]);
        Directory.CreateDirectory(Path.Combine(from, "a", ".CI"));
        await File.WriteAllTextAsync(Path.Combine(from, "a", "PKGBUILD"), "pkgname=a\n", cancellation);
        await File.WriteAllTextAsync(Path.Combine(from, "a", "run"), "#!/bin/sh\n", cancellation);
        (await Processes.RunAsync("chmod", ["755", Path.Combine(from, "a", "run")])).ExitCode.ShouldBe(0);
        await File.WriteAllTextAsync(Path.Combine(from, "a", ".gitignore"), "ignored\n", cancellation);
        await File.WriteAllTextAsync(Path.Combine(from, "a", "ignored"), "is there\n", cancellation);

        (await SampleRepository.CommitAsync(from, to, TimeProvider.System, cancellation)).ShouldContain("1 package folders");
        var first = await GitAsync(to, "rev-parse", "HEAD");
        (await GitAsync(to, "ls-tree", "-r", "HEAD")).ShouldContain("100755 blob");
        (await GitAsync(to, "ls-tree", "-r", "--name-only", "HEAD")).ShouldContain("a/ignored");

        // A demo that was killed left a lock and a file behind.
        await File.WriteAllTextAsync(Path.Combine(to, ".git", "index.lock"), "", cancellation);
        await File.WriteAllTextAsync(Path.Combine(to, "rubbish"), "", cancellation);
        (await SampleRepository.CommitAsync(from, to, TimeProvider.System, cancellation)).ShouldContain("unchanged");
        (await GitAsync(to, "rev-parse", "HEAD")).ShouldBe(first);

        File.Delete(Path.Combine(from, "a", "run"));
        (await SampleRepository.CommitAsync(from, to, TimeProvider.System, cancellation)).ShouldContain("new");
        (await GitAsync(to, "rev-parse", "HEAD")).ShouldNotBe(first);
        (await GitAsync(to, "ls-tree", "-r", "--name-only", "HEAD")).ShouldNotContain("a/run");
    }

    [Fact]
    public async Task Stop_WhenTheProcessIsTheOneMeant_EndsIt()
    {
        using var process = Process.Start("sleep", "600");
        var identity = ProcessIdentity.Of(process.Id).ShouldNotBeNull();
        try
        {
            identity.IsAlive.ShouldBeTrue();

            (await identity.StopAsync(TestTimeouts.Longest, TimeProvider.System)).ShouldBeTrue();

            await process.WaitForExitAsync(TestContext.Current.CancellationToken).DefaultTimeout("sleep");
            process.ExitCode.ShouldBe(128 + 15);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task Stop_WhenTheIdWasGivenToAnother_LeavesItAlone()
    {
        using var process = Process.Start("sleep", "600");
        try
        {
            var other = ProcessIdentity.Of(process.Id).ShouldNotBeNull() with { Started = 1 };

            other.IsAlive.ShouldBeFalse();
            (await other.StopAsync(TimeSpan.Zero, TimeProvider.System).DefaultTimeout("the answer")).ShouldBeTrue();

            ProcessIdentity.Of(process.Id).ShouldNotBeNull();
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public void Folders_WhenAnotherSourceIsBuilt_AreOthers()
    {
        var samples = DemoFolders.Choose(new DemoOptions(), _ => null);
        var other = DemoFolders.Choose(new DemoOptions { Source = "/some/where" }, _ => null);

        samples.ShouldBe(DemoFolders.Choose(new DemoOptions(), _ => null));
        other.Root.ShouldNotBe(samples.Root);
        DemoFolders.Choose(new DemoOptions { Folder = "/x/y" }, _ => null).HubLog.ShouldBe("/x/y/hub.log");
    }

    private static async Task<string> GitAsync(string folder, params string[] arguments)
    {
        var result = await Processes.RunAsync("git", ["-C", folder, .. arguments]);
        result.ExitCode.ShouldBe(0, result.Error);
        return result.Output;
    }
}
