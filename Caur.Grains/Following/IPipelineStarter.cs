using Caur.Contracts.Farm;
using Caur.Contracts.Sources;
using Caur.Pipelines.Git;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Webhooks;

namespace Caur.Grains.Following;

/// <summary>One pipeline as source repositories run it. All that are registered take part: what each is begun for, and how often that is
/// looked at, is its own. Everything here runs off the turn.</summary>
internal interface IPipelineStarter
{
    /// <summary>The pipeline's name, as people order it. One of a closed set: it is a metric's label.</summary>
    string Pipeline { get; }

    /// <summary>Says where things stand: a text that is another one when there is something new to run for. Null when nothing is.</summary>
    /// <param name="source">The source repository.</param>
    /// <param name="options">Its configuration.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceUnavailableException">It cannot be seen; the message says what to do.</exception>
    Task<string?> LookAsync(string source, SourceRepositoryOptions options, CancellationToken cancellationToken);

    /// <summary>Runs it once. Repeated after it was ended in the middle, it does what is missing, and nothing twice.</summary>
    /// <param name="run">What is wanted.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How it went; what somebody has to look at is an outcome.</returns>
    Task<StartedRun> RunAsync(PipelineStart run, CancellationToken cancellationToken);
}

/// <summary>A run to be made.</summary>
internal sealed record PipelineStart
{
    public required string Source { get; init; }

    public required SourceRepositoryOptions Options { get; init; }

    public bool DryRun { get; init; }

    /// <summary>Why it is run; a pipeline with triggers may look at it.</summary>
    public RunCause Cause { get; init; }

    /// <summary>Told of each commit before it is pushed, so that it begins no run.</summary>
    public required OwnPushes Own { get; init; }

    /// <summary>Told of every change, from any thread.</summary>
    public required Action<PipelineRun> Changed { get; init; }
}

/// <summary>A run that ended.</summary>
/// <param name="Run">How.</param>
/// <param name="MayPass">It failed, of something that may be gone by itself: no answer, and no refusal.</param>
/// <param name="Mark">Where things stood that it was about, as <see cref="IPipelineStarter.LookAsync"/> says it; null when that is not known.</param>
internal sealed record StartedRun(PipelineRun Run, bool MayPass, string? Mark);
