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
        try
        {
            await host.StopAsync(CancellationToken.None).WaitAsync(limit, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            await Console.Error.WriteLineAsync($"caur {verb}: not all of it ended within {limit.TotalSeconds:0} s");
        }
    }

    /// <summary>Lets go of what it held.</summary>
    public static async Task DisposeAsync(IHost host, string verb)
    {
        try
        {
            var ending = host is IAsyncDisposable disposable ? disposable.DisposeAsync().AsTask() : Task.Run(host.Dispose);
            await ending.WaitAsync(Spare, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            await Console.Error.WriteLineAsync($"caur {verb}: not all of it was let go within {Spare.TotalSeconds:0} s");
        }
    }
}
