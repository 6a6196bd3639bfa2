using Caur.Contracts.Builds;

namespace Caur.Grains.Queue;

/// <summary>What a build asks of its builder. Builds of one demand fit the same builders.</summary>
/// <param name="Class">A number or a name.</param>
/// <param name="Labels">The labels wanted, sorted, with a space between.</param>
/// <param name="MemoryMiB">For one build; 0 for no wish.</param>
/// <param name="DiskMiB">Free; 0 for no wish.</param>
internal sealed record BuildDemand(string Class, string Labels, int MemoryMiB, int DiskMiB)
{
    /// <summary>What a build without a class asks for.</summary>
    public const string DefaultClass = "1";

    public IEnumerable<string> LabelList => Labels.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public static BuildDemand Of(BuildRequest request) => new(
        string.IsNullOrEmpty(request.BuilderClass) ? DefaultClass : request.BuilderClass,
        request.Labels.IsEmpty ? "" : string.Join(' ', request.Labels.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)),
        request.MemoryMiB,
        request.DiskMiB);
}
