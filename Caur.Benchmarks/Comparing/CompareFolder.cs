using Caur.Benchmarks.Running;
using Caur.Storage.Processes;

namespace Caur.Benchmarks.Comparing;

/// <summary>Copies of a source repository: the other side, where branch and tag are, and a checkout.</summary>
internal sealed class CompareFolder(string folder)
{
    private static readonly ProcessRunner Processes = new(TimeProvider.System);

    /// <summary>The other side.</summary>
    public string Remote { get; } = Path.Combine(folder, "remote.git");

    /// <summary>The checkout.</summary>
    public string Checkout { get; } = Path.Combine(folder, "checkout");

    /// <summary>The template's scripts.</summary>
    public string Scripts { get; } = Path.Combine(folder, "scripts");

    /// <summary>An empty home for what runs.</summary>
    public string Home { get; } = Path.Combine(folder, "home");

    /// <summary>Makes the copies.</summary>
    /// <returns>The commits of the main branch since it has a <c>.ci/config</c>, the oldest first.</returns>
    public async Task<IReadOnlyList<string>> MakeAsync(CompareOptions options, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Home);
        Directory.CreateDirectory(Scripts);
        await GitAsync(folder, ["clone", "--quiet", "--bare", "--shared", "--", options.Source, Remote], cancellationToken);
        await GitAsync(folder, ["clone", "--quiet", "--shared", "--no-checkout", "--", options.Source, Checkout], cancellationToken);
        await GitAsync(Checkout, ["remote", "set-url", "origin", Remote], cancellationToken);
        await GitAsync(Remote, ["symbolic-ref", "HEAD", "refs/heads/compared"], cancellationToken);
        var archive = Path.Combine(folder, "scripts.tar");
        await GitAsync(options.Template, ["archive", $"--output={archive}", "HEAD", ".ci"], cancellationToken);
        await RunAsync("tar", folder, ["-xf", archive, "-C", Scripts], cancellationToken);

        var begun = (await GitAsync(Checkout, ["log", "--diff-filter=A", "--format=%H", "--first-parent", "HEAD", "--", ".ci/config"], cancellationToken))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        BenchRun.Check(begun.Length > 0, $"{options.Source} has no .ci/config: it is no source repository of this kind");
        return (await GitAsync(Checkout, ["rev-list", "--first-parent", "--reverse", "HEAD", "--not", $"{begun[^1]}^@"], cancellationToken))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Puts branch and tag in their place on both sides, and checks out.</summary>
    public async Task MoveAsync(HistoryRange range, CancellationToken cancellationToken)
    {
        await GitAsync(Checkout, ["checkout", "--quiet", "--force", "--detach", range.Head], cancellationToken);
        await GitAsync(Checkout, ["clean", "--quiet", "-ffdx"], cancellationToken);
        foreach (var side in (string[])[Checkout, Remote])
        {
            string[] tag = range.Tag is null ? ["update-ref", "-d", "refs/tags/scheduled"] : ["update-ref", "refs/tags/scheduled", range.Tag];
            await GitAsync(side, tag, cancellationToken);
        }

        await GitAsync(Remote, ["update-ref", "refs/heads/compared", range.Head], cancellationToken);
    }

    /// <summary>Runs git there.</summary>
    public static Task<string> GitAsync(string folder, string[] arguments, CancellationToken cancellationToken) =>
        RunAsync("git", folder, ["-c", "core.quotePath=false", "-c", "safe.directory=*", "-c", "advice.detachedHead=false", .. arguments], cancellationToken);

    private static async Task<string> RunAsync(string program, string folder, string[] arguments, CancellationToken cancellationToken)
    {
        var done = await Processes.RunAsync(
            new ProcessRequest { FileName = program, Arguments = arguments, WorkingFolder = folder, MaxOutput = 64 << 20, Timeout = TimeSpan.FromMinutes(30) },
            cancellationToken);
        BenchRun.Check(done.Succeeded, $"{program} {string.Join(' ', arguments)}: {done.Error}");
        return done.OutputText;
    }
}
