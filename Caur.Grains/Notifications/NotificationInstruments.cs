using System.Diagnostics.Metrics;
using Caur.Contracts.Notifications;

namespace Caur.Grains.Notifications;

/// <summary>Why something is not told any more.</summary>
internal enum GiveUpCause
{
    /// <summary>It was tried for as long as the configuration says.</summary>
    Age,

    /// <summary>It was refused for what it is.</summary>
    Refused,

    /// <summary>Too much waited; it was counted instead, where that can be told.</summary>
    Crowd,
}

/// <summary>What notifications are measured by. Labels: kinds of those who are told, and causes.</summary>
internal sealed class NotificationInstruments
{
    public const string MeterName = "Caur.Notifications";

    private readonly Counter<long> _sent;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _givenUp;
    private readonly TimeProvider _clock;
    private ChannelView[] _channels = [];

    public NotificationInstruments(IMeterFactory meters, TimeProvider clock)
    {
        _clock = clock;
        var kinds = Enum.GetValues<ChannelKind>();
        var meter = meters.Create(MeterName);
        _sent = meter.CreateCounter<long>("caur.notifications.sent", "{notification}", "States of builds and changes that were told");
        _failures = meter.CreateCounter<long>("caur.notifications.failures", "{request}", "Requests that did not tell what they should, by what came of them");
        _givenUp = meter.CreateCounter<long>("caur.notifications.given_up", "{notification}", "States of builds and changes that are not told any more, by why");
        meter.CreateObservableGauge("caur.notifications.waiting", () => Measure(kinds, static group => group.Sum(one => one.Waiting)), "{notification}", "Builds and changes that wait to be told of");
        meter.CreateObservableGauge("caur.notifications.oldest", () => Measure(kinds, group => group.Select(Age).DefaultIfEmpty().Max()), "s", "How long the one waits that waits longest; 0 when none does");
        meter.CreateObservableGauge("caur.notifications.paused", () => Measure(kinds, static group => group.Count(one => one.Paused)), "{receiver}", "Receivers that refuse what they are told, and are tried again seldom");
        foreach (var kind in kinds)
        {
            _sent.Add(0, Label(kind));
            foreach (var verdict in (VerdictKind[])[VerdictKind.Retry, VerdictKind.Defer, VerdictKind.Refused, VerdictKind.Closed])
            {
                _failures.Add(0, Label(kind), new("outcome", verdict.ToString()));
            }

            foreach (var cause in Enum.GetValues<GiveUpCause>())
            {
                _givenUp.Add(0, Label(kind), new("cause", cause.ToString()));
            }
        }
    }

    public void OnSent(ChannelKind kind, int count) => _sent.Add(count, Label(kind));

    public void OnFailed(ChannelKind kind, VerdictKind outcome) => _failures.Add(1, Label(kind), new("outcome", outcome.ToString()));

    public void OnGivenUp(ChannelKind kind, GiveUpCause cause, int count) => _givenUp.Add(count, Label(kind), new("cause", cause.ToString()));

    /// <summary>How those who are told stand.</summary>
    public void Report(IEnumerable<ChannelView> channels) => Volatile.Write(ref _channels, [.. channels]);

    private static KeyValuePair<string, object?> Label(ChannelKind kind) => new("channel", kind.ToString().ToLowerInvariant());

    private double Age(ChannelView channel) => channel.Oldest is { } oldest && _clock.GetUtcNow() > oldest ? (_clock.GetUtcNow() - oldest).TotalSeconds : 0;

    private IEnumerable<Measurement<double>> Measure(ChannelKind[] kinds, Func<IEnumerable<ChannelView>, double> read)
    {
        var channels = Volatile.Read(ref _channels);
        return kinds.Select(kind => new Measurement<double>(read(channels.Where(channel => channel.Kind == kind)), Label(kind)));
    }
}
