using System.Globalization;
using System.Text;
using Caur.Contracts.Ids;

namespace Caur.Contracts.Logs;

/// <summary>The first line of every log. It follows from the build's id alone, so that a log can be shown before anything wrote it.</summary>
public static class LogHeader
{
    /// <summary>The line with its line end, as UTF-8.</summary>
    public static byte[] For(BuildId build) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"Added to build queue at {build.QueuedAt:dd'/'MM'/'yyyy, HH:mm:ss} UTC. Waiting for builder...\r\n"));
}
