using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;

namespace Caur.Api.Builds;

/// <summary>What the description of the routes shows.</summary>
internal static class BuildExamples
{
    public const string Commit = "0f3c2b7e5d1a49688c1d7be2a90f4c6d3e5b7a81";

    public static BuildId Id { get; } = BuildId.Parse("chaotic-aur/x86_64/guile1.8/1795249937633");

    public static BuildId NewerId { get; } = BuildId.Parse("chaotic-aur/x86_64/guile1.8/1795253537633");

    public static BuilderId Builder { get; } = new("stormwing", "0");

    public static BuildRequest Request { get; } = new()
    {
        Package = Id.Package,
        SourceRepository = "chaotic-aur",
        Commit = Commit,
        Priority = BuildPriority.Commit,
        DependsOn = ["gmp"],
        Pkgnames = ["guile1.8"],
        EstimatedDuration = TimeSpan.FromMinutes(4),
    };

    public static BuildSummary Summary { get; } = new()
    {
        Build = Id,
        Pkgbase = Id.Pkgbase,
        Target = Id.Target,
        Source = "chaotic-aur",
        Commit = Commit,
        State = BuildState.Published,
        Final = true,
        Reason = "in generation 1204",
        Builder = Builder,
        Attempts = 1,
        Queued = Id.QueuedAt,
        Finished = Id.QueuedAt.AddMinutes(6),
        Generation = 1204,
    };

    public static BuildReply Reply { get; } = new()
    {
        Build = Id,
        State = BuildState.Published,
        Final = true,
        Reason = "in generation 1204",
        View = new BuildView
        {
            Build = Id,
            Request = Request,
            State = BuildState.Published,
            Reason = "in generation 1204",
            Attempts = ImmutableArray.Create(new AttemptView
            {
                Number = 1,
                Builder = Builder,
                Accepted = Id.QueuedAt.AddMinutes(1),
                End = AttemptEnd.Built,
                Ended = Id.QueuedAt.AddMinutes(5),
                ImageDigest = "sha256:6f1d3c5e",
                ExitCode = 0,
            }),
            Archives = ImmutableArray.Create(new LandedArchive { FileName = "guile1.8-1.8.8-9-x86_64.pkg.tar.zst", Size = 2_108_833, Sha256 = new string('5', 64) }),
            Generation = 1204,
            Finished = Id.QueuedAt.AddMinutes(6),
        },
    };
}
