using Caur.Tests.Pipelines.Git;
using Caur.Tests.Support;

namespace Caur.Tests.Template;

/// <summary>A call of <c>caur</c>.</summary>
internal sealed record StubCall(string[] Arguments, IReadOnlyDictionary<string, string> Environment);

/// <summary>A checkout of the template in which the scripts of its jobs run, with a <c>caur</c> that only writes down how it was called.</summary>
internal sealed class TemplateRun : IDisposable
{
    private const string Stub =
        """
        #!/usr/bin/env bash
        n=$(find "$CAUR_STUB" -name '*.args' | wc -l)
        env -0 >"$CAUR_STUB/$n.env"
        printf '%s\0' "$@" >"$CAUR_STUB/$n.args"
        [[ "$*" != "${CAUR_STUB_FAILS:-}" ]]
        """;

    private readonly SourceRemote _remote;

    private TemplateRun(SourceRemote remote) => _remote = remote;

    /// <summary>What <c>caur</c> call fails; none unless told.</summary>
    public string Failing { get; set; } = "";

    public string Checkout => _remote.Work.Folder;

    public static async Task<TemplateRun> CreateAsync()
    {
        var remote = await SourceRemote.CreateAsync();
        var files = Directory.GetFiles(TemplateFiles.Folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None });
        await remote.PushAsync("feat: init", [.. SourceRemote.Package("a"), .. files.Select(file => (Path.GetRelativePath(TemplateFiles.Folder, file), File.ReadAllText(file)))]);
        Directory.CreateDirectory(remote["bin"]);
        await File.WriteAllTextAsync(remote["bin", "caur"], Stub);
        File.SetUnixFileMode(remote["bin", "caur"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new TemplateRun(remote);
    }

    /// <summary>A file that only this test has.</summary>
    public async Task<string> FileAsync(string name, string text)
    {
        await File.WriteAllTextAsync(_remote[name], text);
        return _remote[name];
    }

    /// <summary>What a GitLab pipeline does: which jobs run by their rules, and what they call.</summary>
    /// <param name="source">What began it, as GitLab calls it.</param>
    /// <param name="variables">Those of whoever began it, and of the project.</param>
    public async Task<List<(string Job, ProcessResult Result, List<StubCall> Calls)>> GitLabAsync(string source, params (string Name, string Value)[] variables)
    {
        var root = TemplateFiles.Parse(TemplateFiles.GitLab);
        var all = root.Find("variables").Texts();
        foreach (var (name, value) in variables.Concat([("CI_PIPELINE_SOURCE", source), ("CI_COMMIT_BRANCH", "main"), ("CI_DEFAULT_BRANCH", "main"), ("GITLAB_CI", "true")]))
        {
            all[name] = value;
        }

        var jobs = new List<(string, ProcessResult, List<StubCall>)>();
        if (!Applies(root.Find("workflow", "rules"), all))
        {
            return jobs;
        }

        foreach (var (name, job) in TemplateFiles.GitLabJobs().Where(job => Applies(job.Value["rules"], all)))
        {
            var (result, calls) = await RunAsync(string.Join("\n", job["before_script"].Lines().Concat(job["script"].Lines())), all);
            jobs.Add((name, result, calls));
        }

        return jobs;
    }

    /// <summary>What a GitHub workflow does, up to its first failed step.</summary>
    /// <param name="workflow">The file.</param>
    /// <param name="values">Of <c>inputs.</c>, <c>secrets.</c>, <c>vars.</c> and <c>github.</c>, by their whole names.</param>
    public async Task<(ProcessResult Last, List<StubCall> Calls)> GitHubAsync(string workflow, params (string Name, string Value)[] values)
    {
        var known = values.ToDictionary(pair => pair.Name, pair => pair.Value);
        var root = TemplateFiles.Parse(workflow);
        var (temp, exported) = (_remote["temp"], _remote["exported"]);
        Directory.CreateDirectory(temp);
        await File.WriteAllTextAsync(exported, "");
        var (last, calls) = (new ProcessResult(0, "", ""), new List<StubCall>());
        foreach (var script in TemplateFiles.Scripts(root))
        {
            if (script.Condition is { } condition && !ForgeExpression.IsTrue(ForgeExpression.Of(condition, known.GetValueOrDefault)))
            {
                continue;
            }

            var variables = new Dictionary<string, string> { ["GITHUB_ACTIONS"] = "true", ["RUNNER_TEMP"] = temp, ["GITHUB_ENV"] = exported };
            foreach (var line in await File.ReadAllLinesAsync(exported))
            {
                variables[line.Split('=')[0]] = line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..];
            }

            foreach (var (name, value) in script.Environment)
            {
                variables[name] = ForgeExpression.Fill(value, known.GetValueOrDefault);
            }

            (last, var made) = await RunAsync(script.Script, variables);
            calls.AddRange(made);
            if (last.ExitCode != 0)
            {
                break;
            }
        }

        return (last, calls);
    }

    public void Dispose() => _remote.Dispose();

    private static bool Applies(YamlDotNet.RepresentationModel.YamlNode? rules, Dictionary<string, string> variables)
    {
        var first = ((YamlDotNet.RepresentationModel.YamlSequenceNode)rules!)
            .FirstOrDefault(rule => ForgeExpression.IsTrue(ForgeExpression.Of(rule.Find("if").Text()!, name => variables.GetValueOrDefault(name[1..]))));
        return first is not null && first.Find("when").Text() != "never";
    }

    private async Task<(ProcessResult Result, List<StubCall> Calls)> RunAsync(string script, Dictionary<string, string> variables)
    {
        var (file, calls) = (_remote["script"], _remote["calls"]);
        if (Directory.Exists(calls))
        {
            Directory.Delete(calls, recursive: true);
        }

        Directory.CreateDirectory(calls);
        await File.WriteAllTextAsync(file, script);
        var environment = new Dictionary<string, string>(variables)
        {
            ["PATH"] = $"{_remote["bin"]}:{Environment.GetEnvironmentVariable("PATH")}",
            ["CAUR_STUB"] = calls,
            ["CAUR_STUB_FAILS"] = Failing,
        };
        var result = await Processes.RunAsync("bash", ["--noprofile", "--norc", "-eo", "pipefail", file], environment: environment, folder: Checkout);
        return (result, [.. Directory.GetFiles(calls, "*.args").Order(StringComparer.Ordinal).Select(Read)]);
    }

    private static StubCall Read(string file) => new(
        Split(file),
        Split(Path.ChangeExtension(file, ".env")).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]));

    private static string[] Split(string file) => File.ReadAllText(file).TrimEnd('\0').Split('\0');
}
