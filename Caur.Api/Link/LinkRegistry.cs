using Caur.Contracts.Ids;
using Caur.Protocol.Link;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Caur.Api.Link;

/// <summary>The links of this process: how many there are for whom, and which of them speaks for a builder.</summary>
internal sealed class LinkRegistry(IOptions<LinkOptions> options) : IHostedService
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<BuilderId, BuilderLink> _byBuilder = [];
    private readonly HashSet<BuilderLink> _all = [];
    private bool _ending;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _all.Count;
            }
        }
    }

    /// <summary>Makes room for one link.</summary>
    /// <returns>Why there is none, for people; null when there is.</returns>
    public string? TryEnter(string token, string address)
    {
        lock (_gate)
        {
            if (_ending)
            {
                return "this gateway ends; try again in a while";
            }

            var (byToken, byAddress) = (CountOf($"t {token}"), CountOf($"a {address}"));
            if (byToken >= options.Value.PerToken)
            {
                return $"{byToken} links are open with this token already, and that is the most";
            }

            if (byAddress >= options.Value.PerAddress)
            {
                return $"{byAddress} links are open from this address already, and that is the most";
            }

            _counts[$"t {token}"] = byToken + 1;
            _counts[$"a {address}"] = byAddress + 1;
            return null;
        }
    }

    /// <summary>Takes the room back.</summary>
    public void Leave(string token, string address)
    {
        lock (_gate)
        {
            foreach (var key in (string[])[$"t {token}", $"a {address}"])
            {
                if (CountOf(key) is > 1 and var count)
                {
                    _counts[key] = count - 1;
                }
                else
                {
                    _counts.Remove(key);
                }
            }
        }
    }

    public void Add(BuilderLink link)
    {
        lock (_gate)
        {
            _all.Add(link);
        }
    }

    /// <summary>A link speaks for a builder from now on; the one that did before ends. Of a link that has ended itself meanwhile nothing
    /// happens.</summary>
    public void Joined(BuilderId builder, BuilderLink link)
    {
        BuilderLink? before;
        lock (_gate)
        {
            if (!_all.Contains(link))
            {
                return;
            }

            _byBuilder.TryGetValue(builder, out before);
            _byBuilder[builder] = link;
        }

        if (before is not null && before != link)
        {
            before.Close(new LinkEnd(LinkEndReason.Superseded, "the same agent has another link"));
        }
    }

    public void Remove(BuilderLink link)
    {
        lock (_gate)
        {
            _all.Remove(link);
            if (link.Builder is { } builder && _byBuilder.TryGetValue(builder, out var current) && current == link)
            {
                _byBuilder.Remove(builder);
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Says to every agent that this process ends, which it hears sooner so than by silence.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        List<BuilderLink> all;
        lock (_gate)
        {
            _ending = true;
            all = [.. _all];
        }

        foreach (var link in all)
        {
            link.Close(new LinkEnd(LinkEndReason.GoingAway, "the gateway ends"));
        }

        return Task.CompletedTask;
    }

    private int CountOf(string key) => _counts.GetValueOrDefault(key);
}
