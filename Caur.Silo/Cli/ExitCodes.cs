namespace Caur.Silo.Cli;

/// <summary>What the exit codes of <c>caur</c> mean; they are part of its interface.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Unreachable = 3;
    public const int TokenRefused = 4;

    /// <summary>128 + SIGINT, as shells have it.</summary>
    public const int Interrupted = 130;

    /// <summary>For the help.</summary>
    public const string Help =
        """
        Exit codes:
          0  done, and all that was asked for came out well
          1  the farm said no, or something failed
          2  wrong usage
          3  the server cannot be reached
          4  a token is missing or was refused
        """;
}
