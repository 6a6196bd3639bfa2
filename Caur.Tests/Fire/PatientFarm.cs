using Caur.Tests.Support;

namespace Caur.Tests.Fire;

/// <summary>A farm with leases that a busy machine does not let end, longer than all that a test waits for while a fault is there; and whose hub
/// has a clock that may be set.</summary>
public sealed class PatientFarm : IAsyncLifetime
{
    internal FireFarm Farm { get; private set; } = null!;

    internal SteppedClock Clock { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Clock = await SteppedClock.CreateAsync(Directory.CreateTempSubdirectory("caur-clock-").FullName, "hub");
        Farm = await FireFarm.StartAsync(3 * TestTimeouts.Longest, packages: 8, Clock.Variables);
    }

    public async ValueTask DisposeAsync()
    {
        if (Farm is not null)
        {
            await Farm.DisposeAsync();
        }

        if (Clock is not null)
        {
            Clock.Dispose();
            Directory.Delete(Path.GetDirectoryName(Clock.Library)!, recursive: true);
        }
    }
}
