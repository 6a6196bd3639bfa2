namespace Caur.Api.Auth;

/// <summary>The file of tokens is damaged, or cannot be read. Nobody gets in then, and no token is lost. The message names the file and says
/// what to do.</summary>
public sealed class TokensUnreadableException(string message, Exception inner) : IOException(message, inner);
