using Microsoft.Extensions.DependencyInjection;

namespace Caur.Silo.Hub;

/// <summary>Whether the hub ended by itself: whoever supervises it must see that in the exit code.</summary>
internal sealed class HubFailure
{
    private volatile bool _failed;

    public void Note() => _failed = true;

    /// <summary>0 when the hub was asked to end, 1 when it failed.</summary>
    public static int Of(IServiceProvider services) => services.GetRequiredService<HubFailure>()._failed ? 1 : 0;
}
