using System.Collections.Concurrent;
using System.Diagnostics;
using Caur.Tests.Support;

namespace Caur.Tests.Link;

/// <summary><c>caur builder</c>, or another verb that goes on until it is ended, as a process of its own.</summary>
internal sealed class BuilderProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

    private BuilderProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public string Output => string.Join('\n', _output);

    public static BuilderProcess Start(
        IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables, IEnumerable<string>? wrapper = null, string verb = "builder")
    {
        string[] command = [.. wrapper ?? [], Environment.ProcessPath!, "exec", Path.Combine(AppContext.BaseDirectory, "caur.dll"), verb, .. arguments];
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };

        // No setting of whoever runs the tests.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("CAUR_", StringComparison.Ordinal) || name.StartsWith("BUILDER_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        var builder = new BuilderProcess(Process.Start(start)!);
        builder._process.OutputDataReceived += (_, line) => builder.Read(line.Data);
        builder._process.ErrorDataReceived += (_, line) => builder.Read(line.Data);
        builder._process.BeginOutputReadLine();
        builder._process.BeginErrorReadLine();
        return builder;
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().DefaultTimeout($"the builder's end; it said:\n{Output}\n");
        return _process.ExitCode;
    }

    /// <summary>SIGTERM, as a service manager sends it.</summary>
    public Task TerminateAsync() => SignalAsync("TERM");

    /// <summary>Any signal, by its name without SIG.</summary>
    public async Task SignalAsync(string name) => (await Processes.RunAsync("kill", [$"-{name}", $"{Id}"])).ExitCode.ShouldBe(0);

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().DefaultTimeout("the end of the killed builder");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Read(string? line)
    {
        if (line is not null)
        {
            _output.Enqueue(line);
        }
    }
}
