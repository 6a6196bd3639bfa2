namespace Caur.Protocol.Link;

/// <summary>The builder link's fixed numbers; docs/builder-link.md has them for people.</summary>
public static class LinkProtocol
{
    /// <summary>The WebSocket subprotocol. Another version is another name; both ends agree on one before the first message.</summary>
    public const string Version = "caur.builder.v1";

    /// <summary>Where a gateway takes links, below its address.</summary>
    public const string Path = "api/v1/builder-link";

    /// <summary>The most bytes of a JSON message.</summary>
    public const int MaxControlBytes = 4 * 1024 * 1024;

    /// <summary>The most bytes of one order in a message: <see cref="MaxOrders"/> of them fit into one, with what is around them.</summary>
    public const int MaxOrderBytes = 255 * 1024;

    /// <summary>The most bytes of output in one binary message: small, so that what is urgent waits for little.</summary>
    public const int MaxLogBytes = 32 * 1024;

    /// <summary>The most bytes of a binary message: its head, a build's id and the output.</summary>
    public const int MaxBinaryBytes = LogFrame.HeadBytes + MaxText + MaxLogBytes;

    /// <summary>How many binary messages may wait for their answer: what is on its way never fills the line.</summary>
    public const int LogWindow = 2;

    /// <summary>How many requests may wait for their answer, binary messages included.</summary>
    public const int MaxCalls = 64;

    /// <summary>The most bytes that wait to be sent at one end: whoever does not take that is not there.</summary>
    public const int MaxWaitingBytes = 2 * MaxControlBytes;

    /// <summary>The most orders that one take is answered with.</summary>
    public const int MaxOrders = 16;

    /// <summary>The longest name, id or other short text, in UTF-16 units.</summary>
    public const int MaxText = 1_024;

    /// <summary>The longest text for people, in UTF-16 units; longer ones are cut by who sends them.</summary>
    public const int MaxMessage = 16 * 1024;

    /// <summary>The most entries of a list.</summary>
    public const int MaxList = 4_096;

    /// <summary>The most characters of what namcap says.</summary>
    public const int MaxNamcap = 256 * 1024;

    /// <summary>How often either end says that it is there.</summary>
    public static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(2);

    /// <summary>How long an end may be silent before it counts as lost.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <summary>How long a link that one end closes may take to send what waits, its reason, and to hear the other end: then it is broken off.</summary>
    public static readonly TimeSpan CloseWithin = TimeSpan.FromSeconds(1);

    /// <summary>How long an agent may take from the connection to its hello.</summary>
    public static readonly TimeSpan HelloWithin = TimeSpan.FromSeconds(10);
}
