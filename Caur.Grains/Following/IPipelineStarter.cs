using System.Collections.Immutable;
using System.Globalization;
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

    /// <summary>Why a run that the farm itself found to be due is begun.</summary>
    RunCause Cause { get; }

    /// <summary>Why an order of this pipeline cannot be run; null when it can.</summary>
    string? Refuse(RunOrder order);

    /// <summary>Whether a source repository's configuration has the farm look again and again.</summary>
    bool Looks(SourceRepositoryOptions options);

    /// <summary>Whether it has the farm look at all: when it comes up, and when somebody tells of something.</summary>
    bool Watches(SourceRepositoryOptions options) => Looks(options);

    /// <summary>When there may be something new that no look before would find; null when nobody knows.</summary>
    DateTimeOffset? NextLook(SourceRepositoryOptions options) => null;

    /// <summary>Says where things stand.</summary>
    /// <param name="source">The source repository.</param>
    /// <param name="options">Its configuration.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What there may be runs for: for each a text that is another one when there is something new. Empty when there is nothing.</returns>
    /// <exception cref="SourceUnavailableException">It cannot be seen; the message says what to do.</exception>
    Task<ImmutableArray<FoundMark>> LookAsync(string source, SourceRepositoryOptions options, CancellationToken cancellationToken);

    /// <summary>Runs it once. Repeated after it was ended in the middle, it does what is missing, and nothing twice.</summary>
    /// <param name="run">What is wanted.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How it went; what somebody has to look at is an outcome.</returns>
    Task<StartedRun> RunAsync(PipelineStart run, CancellationToken cancellationToken);
}

/// <summary>Where things stand for one kind of a pipeline's runs.</summary>
/// <param name="Trigger">The trigger whose packages alone are scheduled; null for ordinary runs.</param>
/// <param name="Mark">A text that is another one when there is something new.</param>
internal sealed record FoundMark(string? Trigger, string Mark)
{
    /// <summary>The moment that the mark is; null for one that is none.</summary>
    public DateTimeOffset? Time => TimeOf(Mark);

    /// <summary>The mark of a moment.</summary>
    public static FoundMark Of(string? trigger, DateTimeOffset time) => new(trigger, time.UtcDateTime.ToString(CronTimes.Form, CultureInfo.InvariantCulture));

    /// <summary>The moment that a mark is; null for one that is none.</summary>
    public static DateTimeOffset? TimeOf(string mark) =>
        DateTimeOffset.TryParseExact(mark, CronTimes.Form, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}

/// <summary>A run to be made.</summary>
internal sealed record PipelineStart
{
    public required string Source { get; init; }

    /// <summary>Names what is ordered. It is the same when the run is repeated, because the hub ended in the middle of it or because it failed of
    /// something that passes.</summary>
    public required Guid Operation { get; init; }

    /// <summary>The trigger whose packages alone are scheduled; null for an ordinary run.</summary>
    public string? Trigger { get; init; }

    /// <summary>The packages that were named; none for pipelines that are about all.</summary>
    public ImmutableArray<string> Packages { get; init; } = [];

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
