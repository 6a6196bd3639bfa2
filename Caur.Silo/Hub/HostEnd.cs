using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Hub;

/// <summary>Ends a process' host within its time, whatever its parts wait for: one that has to tell a store that it goes, and whose store is away,
/// would wait for ever. What was answered is durable; nothing is lost by an end without ceremony.</summary>
internal static class HostEnd
{
    /// <summary>Beyond the time that the parts were given.</summary>
    private static readonly TimeSpan Spare = TimeSpan.FromSeconds(3);

    /// <summary>Waits until somebody wants the end, and ends it.</summary>
    public static async Task WaitAsync(IHost host, string verb, CancellationToken cancellationToken)
    {
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var told = lifetime.ApplicationStopping.Register(stopping.SetResult);
        using var cancelled = cancellationToken.Register(lifetime.StopApplication);
        await stopping.Task;
        await StopAsync(host, verb);
    }

    /// <summary>Ends it.</summary>
    public static async Task StopAsync(IHost host, string verb)
    {
        var limit = host.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout + Spare;
        await EndAsync(verb, host.StopAsync(CancellationToken.None), limit, "ended");
    }

    /// <summary>Lets go of what it held.</summary>
    public static async Task DisposeAsync(IHost host, string verb)
    {
        var ending = host is IAsyncDisposable disposable ? disposable.DisposeAsync().AsTask() : Task.Run(host.Dispose);
        await EndAsync(verb, ending, Spare, "was let go");
    }

    /// <summary>What a part says at its end changes nothing about the end: it is told in a line.</summary>
    private static async Task EndAsync(string verb, Task ending, TimeSpan limit, string what)
    {
        using var over = new CancellationTokenSource();
        if (await Task.WhenAny(ending, Task.Delay(limit, TimeProvider.System, over.Token)) != ending)
        {
            await Console.Error.WriteLineAsync($"caur {verb}: not all of it {what} within {limit.TotalSeconds:0} s");
            return;
        }

        await over.CancelAsync();
        if (ending.Exception?.GetBaseException() is { } problem)
        {
            await Console.Error.WriteLineAsync($"caur {verb}: not all of it {what} in order: {problem.Message}");
        }
    }
}
