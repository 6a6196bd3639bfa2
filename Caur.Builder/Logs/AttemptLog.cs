using System.Buffers;
using System.Text;

namespace Caur.Builder.Logs;

/// <summary>What is written into an attempt's log: the container's bytes as they are, up to a limit, and the agent's own lines. The agent
/// speaks only before the container's first byte and after its last, so that the container's bytes keep their offsets when another agent
/// process takes the container over.</summary>
internal sealed class AttemptLog(LogPump pump, long maxBytes, TimeProvider time)
{
    private readonly ArrayBufferWriter<byte> _preamble = new();
    private long _lastHeard = time.GetTimestamp();
    private bool _inContainer;
    private bool _lineOpen;
    private bool _full;

    /// <summary>The container's bytes that found no room in the log.</summary>
    public long Dropped { get; private set; }

    /// <summary>The agent's lines from before the container, as they were written.</summary>
    public ReadOnlyMemory<byte> Preamble => _preamble.WrittenMemory;

    /// <summary>How long the container has said nothing. Never long while the way to the control plane holds its output up.</summary>
    public TimeSpan Silence => pump.IsBlocked ? TimeSpan.Zero : time.GetElapsedTime(Volatile.Read(ref _lastHeard));

    /// <summary>The container starts now, or is taken over now.</summary>
    public void StartListening()
    {
        _inContainer = true;
        Heard();
    }

    /// <summary>Writes the agent's lines of an earlier process again, byte for byte.</summary>
    public ValueTask ReplayPreambleAsync(ReadOnlyMemory<byte> preamble, CancellationToken cancellationToken)
    {
        _preamble.Write(preamble.Span);
        return pump.WriteAsync(preamble, cancellationToken);
    }

    /// <summary>A line of the agent, for people: what happens, or why something ended and what to do.</summary>
    public ValueTask SayAsync(string text, CancellationToken cancellationToken) => SayAsync("1", "==>", text, cancellationToken);

    /// <summary>As <see cref="SayAsync(string, CancellationToken)"/>, for what should not be.</summary>
    public ValueTask WarnAsync(string text, CancellationToken cancellationToken) => SayAsync("1;33", "==> WARNING:", text, cancellationToken);

    /// <summary>As <see cref="SayAsync(string, CancellationToken)"/>, for why it ended badly.</summary>
    public ValueTask ErrorAsync(string text, CancellationToken cancellationToken) => SayAsync("1;31", "==> ERROR:", text, cancellationToken);

    /// <summary>Takes what the container wrote.</summary>
    public async ValueTask OutputAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Heard();
        var room = (int)Math.Clamp(maxBytes - pump.Written, 0, bytes.Length);
        if (room > 0 && !_full)
        {
            _lineOpen = bytes.Span[room - 1] != (byte)'\n';
            await pump.WriteAsync(bytes[..room], cancellationToken);

            // Time that was spent waiting for the control plane is no silence of the container.
            Heard();
        }

        if (room == bytes.Length && !_full)
        {
            return;
        }

        Dropped += _full ? bytes.Length : bytes.Length - room;
        if (!_full)
        {
            _full = true;
            await LineAsync("1;33", "==> WARNING:", $"The log has reached its limit of {maxBytes} bytes; what follows is dropped.", cancellationToken);
        }
    }

    private ValueTask SayAsync(string colour, string arrow, string text, CancellationToken cancellationToken) =>
        LineAsync(colour, arrow, text, cancellationToken);

    private async ValueTask LineAsync(string colour, string arrow, string text, CancellationToken cancellationToken)
    {
        var start = _lineOpen ? "\u001b[0m\r\n" : _inContainer ? "\u001b[0m" : "";
        _lineOpen = false;
        var line = Encoding.UTF8.GetBytes($"{start}\u001b[{colour}m{arrow}\u001b[0m\u001b[1m {text.ReplaceLineEndings("\r\n    ")}\u001b[0m\r\n");
        if (!_inContainer)
        {
            _preamble.Write(line);
        }

        await pump.WriteAsync(line, cancellationToken);
    }

    private void Heard() => Volatile.Write(ref _lastHeard, time.GetTimestamp());
}
