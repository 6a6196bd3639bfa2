namespace Caur.Builder.Logs;

/// <summary>The last bytes of an output, addressed by their offset in it. Bytes that are not acknowledged are never given up; those that
/// are stay until their room is needed. Not thread-safe.</summary>
internal sealed class LogWindow(int capacity)
{
    private readonly byte[] _ring = new byte[capacity];

    /// <summary>The oldest byte that is still here.</summary>
    public long Start { get; private set; }

    /// <summary>Everything before it has arrived at the far side.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Behind the newest byte.</summary>
    public long End { get; private set; }

    /// <summary>Bytes that wait for their acknowledgement.</summary>
    public int Pending => (int)(End - Acknowledged);

    /// <summary>Takes as many bytes as have room.</summary>
    /// <returns>How many were taken.</returns>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(bytes.Length, _ring.Length - Pending);
        var at = (int)(End % _ring.Length);
        var first = Math.Min(taken, _ring.Length - at);
        bytes[..first].CopyTo(_ring.AsSpan(at));
        bytes[first..taken].CopyTo(_ring);
        End += taken;
        Start = Math.Max(Start, End - _ring.Length);
        return taken;
    }

    /// <summary>Counts bytes as written and arrived that the far side had from elsewhere. Only with nothing pending.</summary>
    public void Skip(long count) => Start = Acknowledged = End += count;

    /// <summary>Moves the acknowledgement to any offset that is still here: forward when bytes arrived, back when they got lost.</summary>
    public void Acknowledge(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(offset, Start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, End);
        Acknowledged = offset;
    }

    /// <summary>Copies the oldest pending bytes, at most <paramref name="most"/>.</summary>
    public byte[] CopyPending(int most)
    {
        var copy = new byte[Math.Min(most, Pending)];
        var at = (int)(Acknowledged % _ring.Length);
        var first = Math.Min(copy.Length, _ring.Length - at);
        _ring.AsSpan(at, first).CopyTo(copy);
        _ring.AsSpan(0, copy.Length - first).CopyTo(copy.AsSpan(first));
        return copy;
    }
}
