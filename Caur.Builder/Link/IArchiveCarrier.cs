using Caur.Protocol.Link;
using Microsoft.Win32.SafeHandles;

namespace Caur.Builder.Link;

/// <summary>Brings archives to the machine of the hub by another way than through its gateway.</summary>
public interface IArchiveCarrier
{
    /// <summary>Where it would bring them.</summary>
    /// <param name="told">What the hub says; null when it says nothing.</param>
    /// <returns>For people; null when they go through the gateway.</returns>
    string? Target(SftpServer? told);

    /// <summary>Brings the rest of one archive.</summary>
    /// <param name="told">What the hub says of the server; null when it says nothing.</param>
    /// <param name="place">Where the hub looks for it, as its server shows it.</param>
    /// <param name="offset">How much of it lies there; at 0 what lies there is replaced.</param>
    /// <param name="content">The whole archive.</param>
    /// <param name="silence">How long it may stand still.</param>
    /// <param name="cancellationToken">Ends it; what came stays.</param>
    /// <returns>Why it did not come, or not all of it, for people; null when it did.</returns>
    Task<string?> CarryAsync(SftpServer? told, string place, long offset, SafeFileHandle content, TimeSpan silence, CancellationToken cancellationToken);
}
