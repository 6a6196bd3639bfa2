using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Contracts.Notifications;

/// <summary>Tells people and forges what happens on the farm. There is one, with the key <see cref="Key"/>; it follows the farm's events
/// by itself, and nobody waits for it.</summary>
[Alias("caur.INotificationsGrain")]
public interface INotificationsGrain : IGrainWithStringKey
{
    /// <summary>The key of the only one.</summary>
    const string Key = "farm";

    /// <summary>Has it follow, if there is somebody to tell. Repeating it changes nothing.</summary>
    [Alias("Wake")]
    Task WakeAsync();

    /// <summary>How it stands.</summary>
    [Alias("Get")]
    [ReadOnly]
    Task<NotificationsView> GetAsync();
}

/// <summary>What kind of somebody is told.</summary>
[GenerateSerializer, Alias("caur.ChannelKind")]
[JsonConverter(typeof(JsonStringEnumConverter<ChannelKind>))]
public enum ChannelKind
{
    /// <summary>Commit statuses at a GitLab.</summary>
    GitLab,

    /// <summary>Commit statuses at GitHub.</summary>
    GitHub,

    /// <summary>A Telegram chat.</summary>
    Telegram,

    /// <summary>A webhook.</summary>
    Webhook,
}

/// <summary>Who is told, and what waits.</summary>
/// <param name="Channels">In the order of the configuration; none when nobody is to be told.</param>
[GenerateSerializer, Alias("caur.NotificationsView"), Immutable]
public sealed record NotificationsView([property: Id(0)] ImmutableArray<ChannelView> Channels);

/// <summary>One who is told.</summary>
/// <param name="Name">What it is called in the log: <c>status:SOURCE</c>, <c>telegram</c>, <c>webhook:NAME</c>.</param>
/// <param name="Kind">Of which kind.</param>
/// <param name="Waiting">How many builds and changes wait to be told of.</param>
/// <param name="Oldest">Since when the first of them waits; null when none does.</param>
/// <param name="Problem">What is in the way, for people; empty when nothing is.</param>
/// <param name="Paused">It was refused, and is tried again seldom.</param>
/// <param name="NotBefore">Nothing is sent before this time; null when it may be.</param>
[GenerateSerializer, Alias("caur.ChannelView"), Immutable]
public sealed record ChannelView(
    [property: Id(0)] string Name,
    [property: Id(1)] ChannelKind Kind,
    [property: Id(2)] int Waiting,
    [property: Id(3)] DateTimeOffset? Oldest,
    [property: Id(4)] string Problem,
    [property: Id(5)] bool Paused,
    [property: Id(6)] DateTimeOffset? NotBefore);
