using System.Diagnostics.Metrics;

namespace Caur.Grains.Builders;

/// <summary>What leases are measured by.</summary>
internal sealed class LeaseInstruments
{
    public const string MeterName = "Caur.Leases";

    private readonly Counter<long> _lost;

    public LeaseInstruments(IMeterFactory meters)
    {
        _lost = meters.Create(MeterName).CreateCounter<long>("caur.leases.lost", "{lease}", "Leases that ended because nobody renewed them");
        _lost.Add(0);
    }

    public void OnLost(int leases) => _lost.Add(leases);
}
