using System.Net;
using System.Net.Sockets;

namespace Caur.Silo.Demo;

/// <summary>Ports of this machine.</summary>
internal static class FreePort
{
    /// <summary>True when nobody listens there.</summary>
    public static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Any, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>One that nobody uses now.</summary>
    public static int Find()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
