using Caur.Protocol.Builders;

namespace Caur.Protocol.Link;

/// <summary>The bounds of every number, text and list that crosses the link.</summary>
internal static class LinkBounds
{
    private const int MaxSlots = 1_000;
    private const string Missing = "a text or a list is missing";

    /// <summary>What is out of its bounds, for people; null when nothing is.</summary>
    public static string? Problem(LinkMessage message) => message switch
    {
        LinkRequest { Id: < 1 } or LinkReply { Id: < 1 } => "an id is 1 or more",
        HelloRequest hello => Of(hello.Hello),
        TakeRequest take => take.Free is < 1 or > MaxSlots ? $"free must be from 1 to {MaxSlots}" : null,
        AcceptRequest accept => Of(accept.Attempt),
        RenewRequest renew => Of(renew.Running),
        ProgressRequest progress => Of(progress.Attempt),
        CompleteRequest complete => Of(complete.Result),
        WelcomeReply welcome => Short(welcome.OwnAddress) ?? Of(welcome.Sftp) ?? Long(welcome.Reply.Reason) ?? Of(welcome.Reply.Current) ?? Of(welcome.Reply),
        OrdersReply orders => orders.Orders is null ? Missing : orders.Orders.Count > LinkProtocol.MaxOrders ? $"at most {LinkProtocol.MaxOrders} orders" : First(orders.Orders, Of),
        RenewedReply renewed => Of(renewed.Reply.Lost) ?? Of(renewed.Reply.Cancelled),
        LogStoredReply log => log.NextOffset < 0 ? "an offset is 0 or more" : null,
        FailedReply failed => There(failed.Reason) ?? Long(failed.Reason),
        CancelNotice cancel => There(cancel.Reason) ?? Of(cancel.Attempt) ?? Long(cancel.Reason),
        _ => null,
    };

    /// <summary>What somebody else wrote, short and without control characters.</summary>
    public static string Shown(string text) => new([.. (text.Length > 80 ? text[..80] + "..." : text).Select(c => char.IsControl(c) ? '?' : c)]);

    private static string? Of(BuilderHello hello) =>
        There(hello.Name, hello.Instance, hello.Class, hello.Version, hello.Problem)
        ?? Short(hello.Name) ?? Short(hello.Instance) ?? Short(hello.Class) ?? Short(hello.Version) ?? Long(hello.Problem)
        ?? Words(hello.Architectures, "architectures") ?? Words(hello.Labels, "labels") ?? Of(hello.Running)
        ?? Plain([hello.Name, hello.Instance, hello.Class, hello.Version, .. hello.Architectures, .. hello.Labels])
        ?? (hello.Slots is < 1 or > MaxSlots ? $"slots must be from 1 to {MaxSlots}" : null)
        ?? (hello.MemoryMiB < 0 || hello.DiskMiB < 0 ? "memory and disk are 0 or more" : null);

    private static string? Of(HelloReply reply) =>
        reply.Accepted && (reply.Lease < TimeSpan.FromSeconds(1) || reply.RenewEvery <= TimeSpan.Zero || reply.RenewEvery > reply.Lease)
            ? "a lease is a second or more, and is renewed before it ends"
            : null;

    private static string? Of(SftpServer? server) => server is null ? null
        : There(server.Host) ?? Short(server.Host) ?? Short(server.User) ?? Plain([server.Host, server.User ?? ""])
            ?? (server.Port is < 1 or > 65535 ? "a port is from 1 to 65535" : null);

    private static string? Of(AttemptResult result) =>
        There(result.Message, result.Archives) ?? Of(result.Attempt) ?? Long(result.Message) ?? Short(result.ImageDigest)
        ?? (result.Namcap?.Length > LinkProtocol.MaxNamcap ? "what namcap says is too long" : null)
        ?? (result.Archives.Count > LinkProtocol.MaxList ? "too many archives" : null)
        ?? First(result.Archives, archive => archive is null ? "an archive is null"
            : There(archive.FileName, archive.Sha256) ?? Short(archive.FileName) ?? Short(archive.Sha256) ?? (archive.Size < 0 ? "an archive's size is 0 or more" : null));

    private static string? Of(BuildOrder order) => order is null ? "an order is null"
        : There(order.Pkgbase, order.TargetRepository, order.Arch, order.SourceRepository, order.SourceUrl, order.Commit, order.Image,
            order.Repositories, order.TrustedKeys, order.Published, order.Environment, order.Keyrings)
            ?? Short(order.PackageBump) ?? Words(order.Keyrings, "keyrings")
            ?? Of(order.Attempt) ?? Short(order.Pkgbase) ?? Short(order.TargetRepository) ?? Short(order.Arch) ?? Short(order.SourceRepository)
            ?? Long(order.SourceUrl) ?? Short(order.Commit) ?? Short(order.Image) ?? Short(order.TraceParent) ?? Short(order.TraceState)
            ?? (order.Repositories.Count > LinkProtocol.MaxList || order.TrustedKeys.Count > LinkProtocol.MaxList
                || order.Published.Count > LinkProtocol.MaxList || order.Environment.Count > LinkProtocol.MaxList ? "a list of an order is too long" : null)
            ?? First(order.Repositories, repository => repository is null ? "a repository is null" : There(repository.Name) ?? Short(repository.Name) ?? Words(repository.Servers, "servers"))
            ?? First(order.Published, name => There(name) ?? Short(name))
            ?? (order.TrustedKeys.Any(key => key is null || key.Length > LinkProtocol.MaxOrderBytes) ? "a key is too long" : null)
            ?? First(order.Environment, pair => Short(pair.Key) ?? (pair.Value is null ? "a variable is null" : Long(pair.Value)));

    private static string? Of(IReadOnlyList<AttemptRef>? attempts) => attempts is null ? Missing
        : attempts.Count > LinkProtocol.MaxList ? "too many attempts" : First(attempts, Of);

    private static string? Of(AttemptRef attempt) =>
        string.IsNullOrEmpty(attempt.Build) || attempt.Build.Length > LinkProtocol.MaxText || attempt.Number < 1
            ? $"an attempt is a build's id of at most {LinkProtocol.MaxText} characters and a number from 1"
            : null;

    private static string? Words(IReadOnlyList<string>? words, string what) =>
        words is null ? Missing
        : words.Count > LinkProtocol.MaxList ? $"too many {what}"
        : words.Any(word => word is null || word.Length > LinkProtocol.MaxText) ? $"one of the {what} is too long"
        : null;

    /// <summary>Names and words are shown on terminals as they are.</summary>
    private static string? Plain(IEnumerable<string> words) => words.Any(word => word.Any(char.IsControl)) ? "a name or a word has control characters" : null;

    /// <summary>What a message leaves out is null, whatever its default is in code.</summary>
    private static string? There(params ReadOnlySpan<object?> members)
    {
        foreach (var member in members)
        {
            if (member is null)
            {
                return Missing;
            }
        }

        return null;
    }

    private static string? Short(string? text) => text?.Length > LinkProtocol.MaxText ? $"a text is longer than {LinkProtocol.MaxText}" : null;

    private static string? Long(string? text) => text?.Length > LinkProtocol.MaxMessage ? $"a text is longer than {LinkProtocol.MaxMessage}" : null;

    private static string? First<T>(IEnumerable<T> items, Func<T, string?> problem)
    {
        foreach (var item in items)
        {
            if (problem(item) is { } found)
            {
                return found;
            }
        }

        return null;
    }
}
