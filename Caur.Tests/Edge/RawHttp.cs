using System.Net;
using System.Net.Sockets;
using System.Text;
using Caur.Tests.Support;

namespace Caur.Tests.Edge;

/// <summary>A connection on which a test sends any bytes, also such as no HTTP client would.</summary>
internal sealed class RawHttp : IDisposable
{
    private readonly Socket _socket;

    private RawHttp(Socket socket) => _socket = socket;

    public static async Task<RawHttp> ConnectAsync(Uri server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port)).DefaultTimeout("a connection");
        return new RawHttp(socket);
    }

    /// <summary>Sends bytes on a connection of their own and reads until the server closes it, or has answered once.</summary>
    public static async Task<RawAnswer> AskAsync(Uri server, byte[] request, bool closes = false)
    {
        using var raw = await ConnectAsync(server);
        await raw.SendAsync(request);
        return await raw.AnswerAsync(closes);
    }

    public static Task<RawAnswer> AskAsync(Uri server, string request, bool closes = false) =>
        AskAsync(server, Encoding.Latin1.GetBytes(request.ReplaceLineEndings("\r\n")), closes);

    /// <summary>Sends; that the server closed the connection in between is for the reader to find.</summary>
    public async Task<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (bytes.Length > 0)
            {
                bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None)..];
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public Task<bool> SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text.ReplaceLineEndings("\r\n")));

    /// <summary>Reads an answer.</summary>
    /// <param name="closes">True to read until the server closes the connection.</param>
    public async Task<RawAnswer> AnswerAsync(bool closes = false)
    {
        var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (closes || RawAnswer.Parse(bytes.ToArray()) is not { IsWhole: true })
        {
            int read;
            try
            {
                read = await _socket.ReceiveAsync(buffer, SocketFlags.None).DefaultTimeout($"an answer behind '{Encoding.Latin1.GetString(bytes.ToArray())}'");
            }
            catch (SocketException)
            {
                read = 0;
            }

            if (read == 0)
            {
                return RawAnswer.Parse(bytes.ToArray()) with { IsClosed = true };
            }

            bytes.Write(buffer, 0, read);
        }

        return RawAnswer.Parse(bytes.ToArray());
    }

    /// <summary>Says that nothing more comes.</summary>
    public void EndSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The server was faster.
        }
    }

    /// <summary>Waits until the server closes the connection, whatever it sends before.</summary>
    public Task<RawAnswer> ClosedAsync() => AnswerAsync(closes: true);

    public void Dispose() => _socket.Dispose();
}

/// <summary>What came back. <c>Status</c> is 0 when nothing did.</summary>
internal sealed record RawAnswer(int Status, string Headers, string Body)
{
    public bool IsWhole { get; init; }

    public bool IsClosed { get; init; }

    /// <summary>How many answers came one behind the other.</summary>
    public int Answers { get; init; }

    public static RawAnswer Parse(byte[] bytes)
    {
        var text = Encoding.Latin1.GetString(bytes);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0 || !text.StartsWith("HTTP/1.1 ", StringComparison.Ordinal))
        {
            return new RawAnswer(0, text, "");
        }

        var (headers, body) = (text[..end], text[(end + 4)..]);
        var length = Header(headers, "Content-Length");
        var whole = length is not null ? body.Length >= int.Parse(length, System.Globalization.CultureInfo.InvariantCulture)
            : Header(headers, "Transfer-Encoding") is null || body.EndsWith("0\r\n\r\n", StringComparison.Ordinal);
        if (length is null && whole && Header(headers, "Transfer-Encoding") is not null)
        {
            body = Unchunk(body);
        }

        return new RawAnswer(int.Parse(text.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture), headers, body)
        {
            IsWhole = whole,
            Answers = text.Split("HTTP/1.1 ").Length - 1,
        };
    }

    public string? this[string header] => Header(Headers, header);

    private static string Unchunk(string body)
    {
        var text = new StringBuilder();
        for (var at = 0; body.IndexOf("\r\n", at, StringComparison.Ordinal) is > 0 and var end;)
        {
            var size = int.Parse(body.AsSpan(at, end - at), System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
            text.Append(body, end + 2, size);
            at = end + 2 + size + 2;
            if (size == 0)
            {
                break;
            }
        }

        return text.ToString();
    }

    private static string? Header(string headers, string name) => headers.Split("\r\n")
        .FirstOrDefault(line => line.StartsWith($"{name}:", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
}
