namespace Caur.Silo.Ssh;

/// <summary>The way through the tunnel is not open. The message is for people: what ssh said, and what to do about it.</summary>
internal sealed class SshTunnelException(string message, Exception? inner = null) : Exception(message, inner);
