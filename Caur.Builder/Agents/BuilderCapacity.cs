using Caur.Builder.Workspaces;

namespace Caur.Builder.Agents;

/// <summary>What one build may have here, in MiB; 0 when that cannot be learnt.</summary>
internal readonly record struct BuilderCapacity(int MemoryMiB, int DiskMiB)
{
    private const long MiB = 1024 * 1024;

    /// <summary>The memory limit of a build, or its share of the machine; and what is free on the workspace's disk.</summary>
    public static BuilderCapacity Of(BuilderOptions options)
    {
        var memory = options.Containers.MemoryBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / options.Slots;
        return new BuilderCapacity((int)Math.Min(memory / MiB, int.MaxValue), (int)Math.Min((WorkspaceDisk.Free(options.Workspace) ?? 0) / MiB, int.MaxValue));
    }

    /// <summary>Whether what was told is not worth much any more: the free disk differs by more than a quarter.</summary>
    public bool IsStale(BuilderCapacity now) => Math.Abs(now.DiskMiB - (long)DiskMiB) > Math.Max(DiskMiB / 4, 1);
}
