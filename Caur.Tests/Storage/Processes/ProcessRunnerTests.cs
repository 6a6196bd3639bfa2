using System.Diagnostics;
using System.Globalization;
using Caur.Storage.Processes;
using Caur.Tests.Logs;
using Caur.Tests.Support;

using ProcessResult = Caur.Storage.Processes.ProcessResult;

namespace Caur.Tests.Storage.Processes;

public sealed class ProcessRunnerTests
{
    private readonly ProcessRunner _runner = new(TimeProvider.System) { PipeGrace = TimeSpan.FromMilliseconds(50) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunAsync_WhenArgumentsHoldShellCharacters_PassesThemAsTheyAre()
    {
        var result = await _runner.RunAsync(
            new ProcessRequest { FileName = "printf", Arguments = ["%s|", "a b", "$HOME", "'\"*", ""] }, Token);
        result.Succeeded.ShouldBeTrue();
        result.OutputText.ShouldBe("a b|$HOME|'\"*||");
    }

    [Fact]
    public async Task RunAsync_WhenInputIsLarge_ReadsAndWritesAtTheSameTime()
    {
        var input = new byte[3_000_000];
        new Random(1).NextBytes(input);
        var result = await _runner.RunAsync(new ProcessRequest { FileName = "cat", Input = input }, Token).DefaultTimeout("cat");
        result.Output.Span.SequenceEqual(input).ShouldBeTrue();
    }

    [Fact]
    public async Task RunAsync_WhenInputIsNotRead_DoesNotHang()
    {
        var result = await _runner.RunAsync(new ProcessRequest { FileName = "true", Input = new byte[3_000_000] }, Token)
            .DefaultTimeout("true");
        result.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task RunAsync_WhenOutputIsTooMuch_KeepsTheStartOfOutputAndTheEndOfErrors()
    {
        var result = await Shell("seq 1 20000; seq 1 20000 >&2; exit 3", request => request with { MaxOutput = 10, MaxError = 12 });

        result.ExitCode.ShouldBe(3);
        result.OutputText.ShouldBe("1\n2\n3\n4\n5\n");
        result.OutputCut.ShouldBeTrue();
        result.Error.ShouldBe("19999\n20000\n");
        result.TimedOut.ShouldBeFalse();
    }

    [Fact]
    public async Task RunAsync_WhenTimeIsOver_KillsTheChildrenToo()
    {
        var result = await Shell("sleep 300 & echo $!; wait", request => request with { Timeout = TimeSpan.FromMilliseconds(500) });

        result.TimedOut.ShouldBeTrue();
        result.Succeeded.ShouldBeFalse();
        // Nobody waits for a child's child: a killed one is gone as soon as the machine has a moment for it.
        var child = int.Parse(result.OutputText, CultureInfo.InvariantCulture);
        await Until.TrueAsync(() => !IsRunning(child), "the end of the child");
    }

    [Fact]
    public async Task RunAsync_WhenCancelled_KillsAndThrows()
    {
        using var cancel = new CancellationTokenSource();
        var running = _runner.RunAsync(new ProcessRequest { FileName = "sleep", Arguments = ["300"] }, cancel.Token);
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => running).DefaultTimeout("the end of sleep");
    }

    [Fact]
    public async Task RunAsync_WhenNobodyReadInTime_StillHasEverythingThatWasWritten()
    {
        // No patience at all is what patience comes to on a machine that is busy enough.
        var hasty = new ProcessRunner(TimeProvider.System) { PipeGrace = TimeSpan.Zero };
        for (var round = 0; round < 20; round++)
        {
            var result = await hasty.RunAsync(
                new ProcessRequest { FileName = "sh", Arguments = ["-c", "sleep 300 & echo $!; seq 1 5000; echo e >&2"] }, Token);
            using var left = Process.GetProcessById(int.Parse(result.OutputText.Split('\n')[0], CultureInfo.InvariantCulture));
            left.Kill();
            result.OutputText.ShouldEndWith("\n4999\n5000\n");
            result.Error.ShouldBe("e\n");
        }
    }

    [Fact]
    public async Task RunAsync_WhenAChildKeepsThePipeOpen_ReturnsAllTheSame()
    {
        var result = await Shell("sleep 300 & echo $!").DefaultTimeout("the shell's end");
        result.ExitCode.ShouldBe(0);
        using var left = Process.GetProcessById(int.Parse(result.OutputText, CultureInfo.InvariantCulture));
        left.Kill();
    }

    [Fact]
    public async Task RunAsync_WhenProgramIsMissing_NamesIt()
    {
        var error = await Should.ThrowAsync<ProgramNotFoundException>(
            () => _runner.RunAsync(new ProcessRequest { FileName = "no-such-program" }, Token));
        error.FileName.ShouldBe("no-such-program");
    }

    [Fact]
    public async Task RunAsync_WhenVariablesAreSet_ChangesOnlyThose()
    {
        var result = await Shell(
            "echo $A${HOME-unset}${PATH+kept}",
            request => request with { Environment = new Dictionary<string, string?> { ["A"] = "x y ", ["HOME"] = null }, WorkingFolder = "/" });
        result.OutputText.ShouldBe("x y unsetkept\n");
    }

    private Task<ProcessResult> Shell(string script, Func<ProcessRequest, ProcessRequest>? change = null)
    {
        var request = new ProcessRequest { FileName = "sh", Arguments = ["-c", script] };
        return _runner.RunAsync(change?.Invoke(request) ?? request, Token);
    }

    /// <summary>False for zombies: nobody may have waited for a grandchild yet.</summary>
    private static bool IsRunning(int id)
    {
        try
        {
            return !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
