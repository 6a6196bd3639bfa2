using System.Globalization;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>Which builds fit which builder. A numeric class goes to a builder with an equal or higher one, a name to that builder
/// alone; a builder whose own class is a name takes only what names it. Labels, memory and disk must be there, as the builder says.</summary>
internal static class BuilderMatch
{
    public static bool Fits(BuildDemand demand, BuilderProfile builder) =>
        FitsClass(demand, builder) && HasLabels(demand, builder) && HasMemory(demand, builder) && HasDisk(demand, builder);

    public static bool FitsClass(BuildDemand demand, BuilderProfile builder)
    {
        if (!TryNumber(demand.Class, out var level))
        {
            return string.Equals(demand.Class, builder.Builder.Name, StringComparison.Ordinal)
                || string.Equals(demand.Class, builder.Class, StringComparison.Ordinal);
        }

        return TryNumber(builder.Class, out var has) && has >= level;
    }

    /// <summary>Why none of the builders for an architecture fits a demand; for people.</summary>
    public static string Missing(BuildDemand demand, string arch, IReadOnlyCollection<BuilderProfile> builders)
    {
        if (builders.Count == 0)
        {
            return $"no builder for {arch} is here";
        }

        var left = builders.Where(builder => FitsClass(demand, builder)).ToList();
        if (left.Count == 0)
        {
            return $"no builder here is of class {demand.Class}";
        }

        left.RemoveAll(builder => !HasLabels(demand, builder));
        if (left.Count == 0)
        {
            return $"no builder here of class {demand.Class} has the labels {string.Join(", ", demand.LabelList)}";
        }

        left.RemoveAll(builder => !HasMemory(demand, builder));
        return left.Count == 0
            ? string.Create(CultureInfo.InvariantCulture, $"no builder here that would fit has {demand.MemoryMiB} MiB of memory for one build")
            : string.Create(CultureInfo.InvariantCulture, $"no builder here that would fit has {demand.DiskMiB} MiB of disk free");
    }

    private static bool HasLabels(BuildDemand demand, BuilderProfile builder) =>
        demand.Labels.Length == 0 || demand.LabelList.All(label => builder.Labels.Contains(label, StringComparer.Ordinal));

    private static bool HasMemory(BuildDemand demand, BuilderProfile builder) => builder.MemoryMiB >= demand.MemoryMiB;

    private static bool HasDisk(BuildDemand demand, BuilderProfile builder) => builder.DiskMiB >= demand.DiskMiB;

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
