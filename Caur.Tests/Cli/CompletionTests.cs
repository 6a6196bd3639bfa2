using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Cli;

/// <summary>Completion by the real shells, which call the real program.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CompletionTests()
    {
        // The program as somebody has it on the path.
        File.WriteAllText(_folder["caur"], $"#!/bin/sh\nexec dotnet exec '{Path.Combine(AppContext.BaseDirectory, "caur.dll")}' \"$@\"\n");
        File.SetUnixFileMode(_folder["caur"], (UnixFileMode)0b111_101_101);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Bash_WhenTabIsPressed_OffersVerbsOptionsFilesAndNamesOfTheFarm()
    {
        await using var farm = await StartFarmAsync();
        await File.WriteAllTextAsync(_folder["a list.txt"], "", TestContext.Current.CancellationToken);

        // COMP_WORDS as bash itself breaks them: at =, @ and :.
        var offered = await BashAsync(
            farm,
            ["caur que", "caur|que"],
            ["caur repo ", "caur|repo|"],
            ["caur schedule --targ", "caur|schedule|--targ"],
            ["caur schedule --target-repo=ca", "caur|schedule|--target-repo|=|ca"],
            ["caur schedule --target-repo=", "caur|schedule|--target-repo|="],
            ["caur schedule --arch x86_64 hel", "caur|schedule|--arch|x86_64|hel"],
            ["caur schedule hello @sc", "caur|schedule|hello|@|sc"],
            ["caur build show caur/x86_64/hello/", "caur|build|show|caur/x86_64/hello/"],
            ["caur token create --role ", "caur|token|create|--role|"],
            ["caur queue --state U", "caur|queue|--state|U"],
            ["caur auto-repo-remove --from a", "caur|auto-repo-remove|--from|a"],
            ["caur nothing of the kind ", "caur|nothing|of|the|kind|"]);

        offered[0].ShouldBe(["queue"]);
        offered[1].ShouldBe(["accept", "list", "remove", "rollback", "show", "verify"]);
        offered[2].ShouldBe(["--target-repo"]);
        offered[3].ShouldBe(["caur"]);
        offered[4].ShouldBe(["caur"]);
        offered[5].ShouldBe(["hello", "hello-more"]);
        offered[6].ShouldBe(["scope"]);
        offered[7].ShouldBe(["caur/x86_64/hello/1000"]);
        offered[8].ShouldContain("ci");
        offered[9].ShouldBe(["Uploading"]);
        offered[10].ShouldBe(["a list.txt"]);
        offered[11].ShouldBeEmpty();
    }

    [Fact]
    public async Task Bash_WhenTheFarmIsSlow_OffersWhatIsKnownWithoutIt()
    {
        await using var farm = await StartFarmAsync();
        using var end = new CancellationTokenSource();
        farm.IsAway = context =>
        {
            end.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30));
            return false;
        };
        try
        {
            var variables = Variables(farm);
            variables.Remove("CAUR_COMPLETION_MS");
            var offered = await BashAsync(variables, [["caur schedule hel", "caur|schedule|hel"], ["caur schedule --al", "caur|schedule|--al"]]);

            offered.ShouldBe([[], ["--all"]]);
        }
        finally
        {
            await end.CancelAsync();
        }
    }

    [Fact]
    public async Task Zsh_WhenTabIsPressed_OffersTheSame()
    {
        await using var farm = await StartFarmAsync();

        // zsh's own completion gets what a stand-in of its last step is given here; the script is the one that people source.
        var script = $$"""
            compdef() { :; }
            _files() { print -r -- "files"; }
            compadd() { print -rl -- "${(@P)2}"; }
            source <(caur completion zsh)
            try() { words=("$@"); CURRENT=$#; _caur; print -- '---'; }
            try caur que
            try caur schedule --target-repo=
            try caur schedule hello hel
            try caur deptree ''
            """;
        await File.WriteAllTextAsync(_folder["try.zsh"], script, TestContext.Current.CancellationToken);
        var run = await Processes.RunAsync("zsh", ["-f", _folder["try.zsh"]], environment: Variables(farm));

        run.ExitCode.ShouldBe(0, run.ToString());
        run.Output.Split("---\n", StringSplitOptions.RemoveEmptyEntries).Select(part => part.Trim())
            .ShouldBe(["queue", "--target-repo=caur", "hello-more", "files"], run.ToString());
    }

    private static async Task<FakeFarm> StartFarmAsync()
    {
        var farm = await FakeFarm.StartAsync();
        farm.Queue = () =>
        [
            FakeFarm.Snapshot(
                FakeFarm.Item(FakeFarm.Id("hello"), BuildState.Running),
                FakeFarm.Item(FakeFarm.Id("hello-more"), BuildState.Waiting, WaitReason.Turn),
                FakeFarm.Item(FakeFarm.Id("@scope"), BuildState.Waiting, WaitReason.Turn)),
        ];
        return farm;
    }

    /// <summary>The farm is asked in earnest however busy this machine is.</summary>
    private Dictionary<string, string> Variables(FakeFarm farm) => new()
    {
        ["CAUR_COMPLETION_MS"] = "60000",
        ["CAUR_URL"] = farm.Url,
        ["PATH"] = $"{_folder.Path}:{Environment.GetEnvironmentVariable("PATH")}",
        ["HOME"] = _folder.Path,
    };

    /// <summary>What bash offers for each line, given as the line and its words.</summary>
    private Task<List<string[]>> BashAsync(FakeFarm farm, params string[][] lines) => BashAsync(Variables(farm), lines);

    private static async Task<List<string[]>> BashAsync(IReadOnlyDictionary<string, string> variables, string[][] lines)
    {
        var script = new List<string> { "set -u", "source <(caur completion bash)", "compopt() { :; }", "cd \"$HOME\"" };
        foreach (var line in lines)
        {
            var words = line[1].Split('|');
            script.Add($"COMP_LINE='{line[0]}'; COMP_POINT={line[0].Length}; COMP_WORDS=({string.Join(' ', words.Select(word => $"'{word}'"))}); COMP_CWORD={words.Length - 1}");
            script.Add("$(complete -p caur | sed 's/.*-F \\([^ ]*\\).*/\\1/') caur \"${COMP_WORDS[COMP_CWORD]}\" x; for one in ${COMPREPLY[@]+\"${COMPREPLY[@]}\"}; do printf '%s\\n' \"$one\"; done; echo '---'");
        }

        var run = await Processes.RunAsync("bash", ["--norc", "-c", string.Join('\n', script)], environment: variables);
        run.ExitCode.ShouldBe(0, run.ToString());
        run.Error.ShouldBeEmpty();
        return [.. run.Output.Split("---\n").SkipLast(1).Select(part => part.Split('\n', StringSplitOptions.RemoveEmptyEntries))];
    }
}
