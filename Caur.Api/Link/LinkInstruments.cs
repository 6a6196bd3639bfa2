using System.Diagnostics.Metrics;
using Caur.Protocol.Link;

namespace Caur.Api.Link;

/// <summary>What links are measured by. Labels come from closed sets: message types, and reasons.</summary>
internal sealed class LinkInstruments
{
    /// <summary>Refused before there was a link: no token, a wrong or ended one, one of another role, or too many links.</summary>
    public const string NotLetIn = "not_let_in";

    /// <summary>About an attempt that is not this builder's, or not any more.</summary>
    public const string Stale = "stale";

    /// <summary>A hello with another name than the token's.</summary>
    public const string WrongName = "wrong_name";

    /// <summary>A hello that the control plane refuses: another agent is here as this instance.</summary>
    public const string NotJoined = "not_joined";

    /// <summary>An upload that was refused for what it is.</summary>
    public const string Upload = "upload";

    private readonly UpDownCounter<long> _open;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _messages;

    public LinkInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Caur.Link");
        _open = meter.CreateUpDownCounter<long>("caur.link.open", "{link}", "Builder links that are open");
        _refusals = meter.CreateCounter<long>("caur.link.refusals", "{refusal}", "What builders were refused, by reason");
        _ended = meter.CreateCounter<long>("caur.link.ended", "{link}", "Builder links that ended, by reason");
        _messages = meter.CreateCounter<long>("caur.link.messages", "{message}", "Messages over builder links, both ways, by type");
        _open.Add(0);

        // From the start, so that a first refusal is a change of a series and not its begin.
        foreach (var reason in Enum.GetValues<LinkEndReason>())
        {
            _ended.Add(0, new KeyValuePair<string, object?>("reason", LinkEnd.NameOf(reason)));
        }

        foreach (var reason in (string[])[NotLetIn, Stale, WrongName, NotJoined, Upload, .. BuilderLink.RefusalReasons.Select(LinkEnd.NameOf)])
        {
            _refusals.Add(0, new KeyValuePair<string, object?>("reason", reason));
        }

        foreach (var type in LinkCodec.Types)
        {
            _messages.Add(0, new KeyValuePair<string, object?>("type", type));
        }
    }

    public void Opened() => _open.Add(1);

    public void Ended(LinkEnd end)
    {
        _open.Add(-1);
        _ended.Add(1, new KeyValuePair<string, object?>("reason", end.Name));
    }

    public void Refused(string reason) => _refusals.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Message(LinkMessage message) => _messages.Add(1, new KeyValuePair<string, object?>("type", LinkCodec.NameOf(message)));
}
