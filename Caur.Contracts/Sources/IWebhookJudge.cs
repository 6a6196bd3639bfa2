namespace Caur.Contracts.Sources;

/// <summary>Says what a webhook's delivery is, before anybody acts on it.</summary>
public interface IWebhookJudge
{
    /// <summary>The greatest body, in bytes.</summary>
    int LargestBody { get; }

    /// <summary>Checks who sent it, and reads it.</summary>
    /// <param name="source">The source repository that it is for, one of the configuration.</param>
    /// <param name="header">A header's value; null when it is not there.</param>
    /// <param name="body">The body as it came.</param>
    WebhookDelivery Judge(string source, Func<string, string?> header, ReadOnlyMemory<byte> body);

    /// <summary>Counts what became of one.</summary>
    void Count(PushVerdict verdict);
}

/// <summary>What a delivery came to.</summary>
/// <param name="Status">The HTTP status of the answer.</param>
/// <param name="Reason">For the sender's log; nothing of the secret or the body is in it.</param>
/// <param name="Push">The push; null when there is nothing to do.</param>
public sealed record WebhookDelivery(int Status, string Reason, PushNews? Push)
{
    /// <summary>It is not taken.</summary>
    public bool IsRefused => Status >= 400;
}
