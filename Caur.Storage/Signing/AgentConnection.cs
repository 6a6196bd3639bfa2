using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Caur.Storage.Signing;

/// <summary>A connection to gpg-agent, in its protocol ("Assuan" and "Agent protocol" in gpg's manual): commands of one line, each answered by
/// lines of which the last is OK or ERR.</summary>
internal sealed class AgentConnection : IDisposable
{
    /// <summary>Longer than any answer to what is asked here.</summary>
    private const int MostBytes = 64 * 1024;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    private AgentConnection()
    {
    }

    /// <summary>Connects to an agent that runs, for signatures by one key. It asks nobody for a passphrase: a key that wants one and whose passphrase it does not know is an
    /// error.</summary>
    /// <param name="path">Its socket.</param>
    /// <param name="keygrip">Which key, as gpg lists it (<c>grp</c>).</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="AgentException">None listens there, or it does not have the key.</exception>
    public static async Task<AgentConnection> OpenAsync(string path, string keygrip, CancellationToken cancellationToken)
    {
        var connection = new AgentConnection();
        try
        {
            await connection._socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            await connection.ReadAnswerAsync(cancellationToken);
            await connection.AskAsync("OPTION pinentry-mode=error", cancellationToken);
            await connection.AskAsync($"SIGKEY {keygrip}", cancellationToken);
            return connection;
        }
        catch (Exception exception)
        {
            connection.Dispose();
            if (exception is SocketException or ArgumentException)
            {
                throw new AgentException(exception.Message, exception);
            }

            throw;
        }
    }

    /// <summary>Has a digest signed.</summary>
    /// <param name="digestNumber">Which digest, by its number in libgcrypt.</param>
    /// <param name="digest">The digest.</param>
    /// <param name="cancellationToken">Ends the wait; the connection is of no use afterwards.</param>
    /// <returns>What <see cref="AgentSignature"/> reads.</returns>
    /// <exception cref="AgentException">It did not sign.</exception>
    public async Task<byte[]> SignAsync(int digestNumber, ReadOnlyMemory<byte> digest, CancellationToken cancellationToken)
    {
        await AskAsync(string.Create(CultureInfo.InvariantCulture, $"SETHASH {digestNumber} {Convert.ToHexString(digest.Span)}"), cancellationToken);
        return await AskAsync("PKSIGN", cancellationToken);
    }

    public void Dispose() => _socket.Dispose();

    private async Task<byte[]> AskAsync(string command, CancellationToken cancellationToken)
    {
        try
        {
            ReadOnlyMemory<byte> line = Encoding.ASCII.GetBytes(command + "\n");
            while (!line.IsEmpty)
            {
                line = line[await _socket.SendAsync(line, SocketFlags.None, cancellationToken)..];
            }

            return await ReadAnswerAsync(cancellationToken);
        }
        catch (SocketException exception)
        {
            throw new AgentException(exception.Message, exception);
        }
    }

    /// <summary>The bytes of all data lines up to the end of an answer.</summary>
    private async Task<byte[]> ReadAnswerAsync(CancellationToken cancellationToken)
    {
        var data = new ArrayBufferWriter<byte>();
        while (true)
        {
            var line = await ReadLineAsync(cancellationToken);
            switch (line)
            {
                case [(byte)'D', (byte)' ', .. var piece]:
                    Unescape(piece, data);
                    break;
                case [(byte)'O', (byte)'K', ..]:
                    return data.WrittenSpan.ToArray();
                case [(byte)'S' or (byte)'#', ..]:
                    // News on the way, and comments.
                    break;
                default:
                    // ERR, and questions (INQUIRE), of which none is expected.
                    throw new AgentException(Encoding.UTF8.GetString(line));
            }

            if (data.WrittenCount > MostBytes)
            {
                throw new AgentException("its answer does not end");
            }
        }
    }

    private async Task<byte[]> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                var line = _buffer.AsSpan(_start, length).ToArray();
                _start += length + 1;
                return line;
            }

            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            var read = _end == _buffer.Length ? 0 : await _socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancellationToken);
            if (read == 0)
            {
                throw new AgentException("it ended the connection");
            }

            _end += read;
        }
    }

    /// <summary>Percent, line feed and carriage return stand as <c>%25</c>, <c>%0A</c>, <c>%0D</c>; any byte may.</summary>
    private static void Unescape(ReadOnlySpan<byte> text, ArrayBufferWriter<byte> to)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var value = text[i];
            if (value == (byte)'%')
            {
                if (i + 2 >= text.Length
                    || !byte.TryParse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value))
                {
                    throw new AgentException("its answer is not escaped as it should be");
                }

                i += 2;
            }

            to.Write([value]);
        }
    }
}

/// <summary>gpg-agent cannot be reached, or does not do what it is asked for. Its words are gpg's own.</summary>
internal sealed class AgentException(string message, Exception? inner = null) : Exception(message, inner);
