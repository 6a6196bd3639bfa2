namespace Caur.Tests.Engine;

/// <summary>For tests of calls that are late: a cluster measures that by the system's clock, and looks for them every second.</summary>
public sealed class OrleansCallFixture : OrleansEngineFixture
{
    public override TimeSpan LongestAdvance => TimeSpan.FromSeconds(5);

    public override async Task AdvanceAsync(TimeSpan span)
    {
        await base.AdvanceAsync(span);
        await Task.Delay(span + TimeSpan.FromSeconds(0.7), TimeProvider.System);
    }
}
