using Caur.Tests.Engine;

namespace Caur.Tests.Grains;

/// <summary>A farm's state records as they lie in its database.</summary>
/// <param name="Grain">The grain's type and key.</param>
/// <param name="Name">The state's name.</param>
/// <param name="Data">Its bytes.</param>
internal sealed record FarmRecord(string Grain, string Name, byte[] Data)
{
    public string Key => Grain[(Grain.IndexOf('/', StringComparison.Ordinal) + 1)..];

    public override string ToString() => $"{Name} of {Grain}";
}

/// <summary>Reads, damages and mends the records of a farm.</summary>
internal static class FarmRecords
{
    public static List<FarmRecord> All(Farm farm) => EngineRecords.All(farm.DatabasePath);

    /// <summary>Damages the one record that fits.</summary>
    /// <returns>The record as it was.</returns>
    public static FarmRecord Damage(Farm farm, Func<FarmRecord, bool> which)
    {
        var record = All(farm).Where(which).ShouldHaveSingleItem();
        Write(farm, record with { Data = [0x00, 0xFF, 0x7B] });
        return record;
    }

    /// <summary>Damages the one record of that name and grain.</summary>
    public static FarmRecord Damage(Farm farm, string name, object? key = null) =>
        Damage(farm, record => record.Name == name && (key is null || record.Key == key.ToString()));

    public static void Write(Farm farm, FarmRecord record) => EngineRecords.Write(farm.DatabasePath, record);
}
