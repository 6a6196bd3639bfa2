using System.Text;
using Caur.Pipelines.State;
using Caur.Tests.Pacman;

namespace Caur.Tests.Pipelines.State;

public sealed class StateContentTests
{
    private const string Commit = "a1f80ac2534d02d08e75da8c9478fb2c0d112a6f";
    private const string Other = "af3bf004458f76b7aec33e9ba552cd382ed1f5c3";

    /// <summary>As the branch is today.</summary>
    private static readonly (string, string)[] Current =
    [
        (".version-state", "0ad-data:0.28.0-1\n0ad:0.28.0-3\ndecklink-sdk:1:16.0-1\n"),
        ("2bwm-git", $"CI_GIT_COMMIT={Commit}\n"),
        ("c++utilities-git", $"CI_GIT_COMMIT={Other}\n"),
    ];

    /// <summary>As it was in August 2024: a file for each package, in bash's order of the keys.</summary>
    private static readonly (string, string)[] Former =
    [
        (".commit", $"{Other}\n"),
        ("2bwm-git", $"CI_PKGBUILD_TIMESTAMP=1700000000\nCI_GIT_COMMIT={Commit}\n"),
        ("alpha", "CI_PKGBUILD_TIMESTAMP=1700000001\n"),
        ("own", ""),
        ("versions", "0ad:0.28.0-3\n"),
    ];

    [Fact]
    public void ToFiles_WhenTodaysBranchWasRead_IsTheSameToTheByte()
    {
        var content = Read(Current);
        content.Format.ShouldBe(StateFormat.Current);
        content["2bwm-git"].GitCommit.ShouldBe(Commit);
        content.Versions["decklink-sdk"].ShouldBe(["1:16.0-1"]);
        Written(content).ShouldBe(Current);
    }

    [Fact]
    public void ToFiles_WhenTheFormerBranchWasRead_IsTheSameToTheByte()
    {
        var content = Read(Former);
        content.Format.ShouldBe(StateFormat.Former);
        content.Commit.ShouldBe(Other);
        content["2bwm-git"].ShouldBe(new PackageState { GitCommit = Commit, AurTimestamp = 1700000000 });
        content["own"].ShouldBe(PackageState.None);
        Written(content).ShouldBe(Former);
    }

    [Fact]
    public async Task ToFiles_WhenAPackageHasBothKeys_WritesThemInBashsOrder()
    {
        // As the scripts of August 2024 write a file; a file that differs from theirs in the order alone would have everything built again.
        var script = $"declare -A v=([CI_GIT_COMMIT]={Commit} [CI_PKGBUILD_TIMESTAMP]=1700000000 [PKGBASE]=2bwm-git [CI_PKGBUILD_SOURCE]=aur); "
            + "for k in \"${!v[@]}\"; do case $k in CI_GIT_COMMIT|CI_PKGBUILD_TIMESTAMP) echo \"$k=${v[$k]}\" ;; esac; done";
        var theirs = (await Tool.RunAsync("bash", "-c", script)).Succeeded();
        Encoding.UTF8.GetString(Read(Former).ToFiles()["2bwm-git"]).ShouldBe(theirs);
    }

    [Fact]
    public void ToFiles_WhenTodaysFormCannotHoldIt_GoesToAFileThatOthersPassOver()
    {
        var content = StateContent.None with
        {
            Packages = new Dictionary<string, PackageState>
            {
                ["b"] = new() { AurTimestamp = 7, UpstreamCommit = Commit },
                ["a"] = new() { GitCommit = Other, AurTimestamp = 5 },
                ["c"] = PackageState.None,
            },
        };
        var files = Written(content);
        files.ShouldBe([(".caur-state", $"a aur=5\nb aur=7 upstream={Commit}\n"), ("a", $"CI_GIT_COMMIT={Other}\n")]);
        var again = Read([.. files]);
        again["a"].ShouldBe(content["a"]);
        again["b"].ShouldBe(content["b"]);
    }

    [Fact]
    public void ToFiles_WhenTheFormerFormCannotHoldIt_GoesToOurFileWithoutTheTimestampsThatItHolds()
    {
        var content = new StateContent
        {
            Format = StateFormat.Former,
            Commit = Other,
            Packages = new Dictionary<string, PackageState>
            {
                ["a"] = new() { AurTimestamp = 7, UpstreamCommit = Commit, PublishedTree = Other, Missed = "libbar:/libfoo:1:2-1" },
                ["b"] = new() { AurTimestamp = 8 },
            },
        };
        var files = Written(content).ToArray();
        files.ShouldContain((".caur-state", $"a upstream={Commit} published={Other} missed=libbar:/libfoo:1:2-1\n"));
        var again = Read(files);
        (again.Format, again.IsOurs).ShouldBe((StateFormat.Former, true));
        (again["a"], again["b"]).ShouldBe((content["a"], content["b"]));
    }

    [Fact]
    public void Read_WhenTheOriginalRanInBetween_KnowsItsCommitsAlone()
    {
        // Its scripts begin the branch anew at each run and take over the files of packages only.
        var content = Read(Current);
        content["2bwm-git"].ShouldBe(new PackageState { GitCommit = Commit });
        content.IsOurs.ShouldBeFalse();
    }

    [Theory]
    [InlineData(".version-state", "a:1-1\n", nameof(StateFormat.Current))]
    [InlineData("versions", "a:1-1\n", nameof(StateFormat.Former))]
    [InlineData("versions", "CI_GIT_COMMIT=a1f80ac2534d02d08e75da8c9478fb2c0d112a6f\n", nameof(StateFormat.Current))]
    [InlineData("a", "CI_PKGBUILD_TIMESTAMP=5\n", nameof(StateFormat.Former))]
    [InlineData("a", "CI_GIT_COMMIT=a1f80ac2534d02d08e75da8c9478fb2c0d112a6f\n", nameof(StateFormat.Current))]
    public void Read_WhenOneFileIsThere_TellsTheForm(string name, string text, string expected) => Read((name, text)).Format.ToString().ShouldBe(expected);

    [Fact]
    public void Read_WhenFilesAreDamaged_KeepsTheOthers()
    {
        var content = Read(
            ("a", "CI_GIT_COMMIT=$(reboot)\n"), ("b", $"# x\n  CI_GIT_COMMIT = \"{Commit}\"  \n"), ("c", "\0\0=\0"), (".x", "y"), ("-d", $"CI_GIT_COMMIT={Commit}\n"),
            (".caur-state", $"e aur=x upstream=--exec\nf aur=9\n../g aur=1\n"));
        content.Packages.Where(package => package.Value != PackageState.None).Select(package => package.Key).ShouldBe(["b", "f"], ignoreOrder: true);
    }

    [Theory]
    [InlineData(100, 200, "", 200)]
    [InlineData(100, 200, "150,180", 149)]
    [InlineData(100, 200, "50", 100)]
    [InlineData(100, 0, "", 100)]
    [InlineData(0, 0, "", 0)]
    public void Watermark_NeverPassesWhatIsOpenAndNeverGoesBack(long before, long newest, string open, long expected) =>
        AurWatermark.Next(before, newest, open.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)).ShouldBe(expected);

    [Theory]
    [InlineData("1787434437\n", 1787434437)]
    [InlineData("1787434437", 1787434437)]
    [InlineData("", 0)]
    [InlineData("-5", 0)]
    [InlineData("x", 0)]
    [InlineData(null, 0)]
    public void Watermark_WhenItIsNoTime_IsZero(string? text, long expected) => AurWatermark.Parse(text).ShouldBe(expected);

    private static StateContent Read(params (string Name, string Text)[] files) =>
        StateContent.Read(files.ToDictionary(file => file.Name, file => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(file.Text), StringComparer.Ordinal));

    private static IEnumerable<(string, string)> Written(StateContent content) =>
        content.ToFiles().Select(file => (file.Key, Encoding.UTF8.GetString(file.Value)));
}
