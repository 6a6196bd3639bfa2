namespace Caur.Builder.Containers;

/// <summary>What build containers are like.</summary>
public sealed class ContainerOptions
{
    /// <summary>Processors one build may use, also in fractions; the manual's <c>BUILDER_LIMITS_CPUS</c>. Default: all.</summary>
    public double? Cpus { get; set; }

    /// <summary>Bytes of memory one build may use, swap included; the manual's <c>BUILDER_LIMITS_RAM</c>, there in MiB.
    /// Default: no limit.</summary>
    public long? MemoryBytes { get; set; }

    /// <summary>Processes and threads one build may have at the same time. Default: 16,384.</summary>
    public long MaxProcesses { get; set; } = 16384;

    /// <summary>Open files per process, soft and hard. An engine that may not set them leaves them as they are.
    /// Default: 1,024 and 1,048,576.</summary>
    public (long Soft, long Hard) OpenFiles { get; set; } = (1024, 1048576);

    /// <summary>The engine's network for builds. Default: <c>bridge</c>.</summary>
    public string Network { get; set; } = "bridge";

    /// <summary>Who packed it, in the packages' metadata, unless the order says otherwise. Default: <c>Caur</c>.</summary>
    public string Packager { get; set; } = "Caur";

    /// <summary>The first process. Default: <c>/usr/lib/caur/build</c>, which the builder image has.</summary>
    public IList<string> Command { get; set; } = ["/usr/lib/caur/build"];

    /// <summary>What could not work, said as <c>Option must ...</c>.</summary>
    internal IEnumerable<string> Problems()
    {
        if (Cpus is <= 0 or > 10_000)
        {
            yield return $"{nameof(ContainerOptions)}.{nameof(Cpus)} (BUILDER_LIMITS_CPUS) must be more than zero";
        }

        if (MemoryBytes is < 6 * 1024 * 1024)
        {
            yield return $"{nameof(ContainerOptions)}.{nameof(MemoryBytes)} (BUILDER_LIMITS_RAM) must be at least 6 MiB, the engine's least";
        }

        if (MaxProcesses < 16)
        {
            yield return $"{nameof(ContainerOptions)}.{nameof(MaxProcesses)} must be at least 16";
        }

        if (Command.Count == 0)
        {
            yield return $"{nameof(ContainerOptions)}.{nameof(Command)} must not be empty";
        }
    }
}
