namespace Caur.Api.Limits;

/// <summary>Counts what each client holds open. A client that holds nothing is not kept.</summary>
internal sealed class ClientCounts
{
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Of how many something is kept.</summary>
    public int Clients
    {
        get
        {
            lock (_lock)
            {
                return _counts.Count;
            }
        }
    }

    /// <summary>One more of a client, until what is returned is disposed of.</summary>
    /// <returns>Null when the client holds as many as it may.</returns>
    public IDisposable? TryEnter(string client, int most)
    {
        lock (_lock)
        {
            var count = _counts.GetValueOrDefault(client);
            if (count >= most)
            {
                return null;
            }

            _counts[client] = count + 1;
            return new Held(this, client);
        }
    }

    private void Leave(string client)
    {
        lock (_lock)
        {
            if (--_counts[client] == 0)
            {
                _counts.Remove(client);
            }
        }
    }

    private sealed class Held(ClientCounts counts, string client) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                counts.Leave(client);
            }
        }
    }
}
